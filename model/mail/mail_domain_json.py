"""MailDomains to JSON, in the form of ``docs/reference/mail-domain.schema.json``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from model.encoding.evidence_json import evidence_field
from model.encoding.observation_json import to_json
from model.encoding.times_json import time_to_json
from model.mail.mail_domain import MailDomain, MailHost, StsPolicy, TlsaRecord
from model.verdict import Fact

Json: TypeAlias = dict[str, Any]

SCHEMA_NUMBER: Final = 1


def mail_domain_to_json(found: MailDomain, *, with_evidence: bool = True) -> Json:
    """The assessment; ``observations`` of each host are in the format of ``observation.schema.json``."""
    return {
        "schema": SCHEMA_NUMBER,
        "tool": {"name": "tlsprobe", "version": found.tool_version},
        "mail_domain": found.domain,
        "started_at": time_to_json(found.started_at),
        "tls_stripping": {"by": found.stripping.value, "reason": found.reason},
        "facts": _facts(found.facts, with_evidence=with_evidence),
        "mta_sts_policy": None if found.policy is None else _policy(found.policy),
        "hosts": [_host(one, with_evidence=with_evidence) for one in found.hosts],
    }


def _host(host: MailHost, *, with_evidence: bool) -> Json:
    return {
        "name": host.name,
        "preference": host.preference,
        "addresses": list(host.addresses),
        "tls_stripping": {"by": host.stripping.value, "reason": host.reason},
        "facts": _facts(host.facts, with_evidence=with_evidence),
        "tlsa": [_record(one) for one in host.tlsa],
        "rollover": None if host.rollover is None else host.rollover.value,
        "observations": [to_json(one, with_evidence=with_evidence) for one in host.observations],
    }


def _facts(facts: Mapping[str, Fact], *, with_evidence: bool) -> Json:
    return {name: _fact(fact, with_evidence=with_evidence) for name, fact in facts.items()}


def _fact(fact: Fact, *, with_evidence: bool) -> Json:
    return {
        "verdict": fact.verdict.value,
        "value": fact.value,
        **evidence_field(fact.evidence, with_evidence=with_evidence),
    }


def _record(record: TlsaRecord) -> Json:
    return {
        "usage": record.usage,
        "selector": record.selector,
        "matching_type": record.matching_type,
        "data": record.data.hex(),
        "is_usable": record.is_usable,
        "matches": record.matches.value,
        "matched": list(record.matched),
        "reason": record.reason,
    }


def _policy(policy: StsPolicy) -> Json:
    return {
        "mode": policy.mode.value,
        "max_age": policy.max_age,
        "mx": list(policy.mx),
        "warnings": list(policy.warnings),
    }
