"""Findings, the policies that they are by, and the certificates of the endpoints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal, TypeAlias

from pydantic import Field

from exporters.word_search import has_words
from model.certificates.inventory import Held
from model.encoding.evidence_json import evidence_to_json
from model.encoding.finding_json import finding_to_json
from model.encoding.times_json import time_to_json
from model.findings.finding import Finding, FindingStatus, Outcome, Severity
from model.query import Selection
from model.verdict import Verdict
from policy.policy import Policy
from policy.policy_json import policy_to_json
from service.http.api import answers
from service.http.api.cursors import Place, place_of
from service.http.api.operation import ApiError, Call, Json, Operation, Reply
from service.http.api.parameters import (
    COMMAS,
    Label,
    ListParameters,
    Moment,
    Parameters,
    Text,
    labels_of,
)
from service.http.api.view import Entry, View, Views, counted_page
from service.judging.policy_evaluator import PolicyEvaluator
from storage import SqlReader

_Found: TypeAlias = tuple[Entry, Finding]


class FindingParameters(ListParameters):
    """Filters of findings."""

    q: Text | None = Field(
        None, description="only findings that contain every word in their texts or endpoint"
    )
    endpoint: Text | None = Field(None, description="only of the endpoint with this key")
    label: tuple[Label, ...] = Field(
        (), max_length=32, description="only of targets with the label `NAME=VALUE`"
    )
    policy: Text | None = Field(None, description="only of this policy")
    rule: Text | None = Field(None, description="only of this rule, by name or identifier")
    severity: tuple[Severity, ...] = Field(
        (), min_length=1, json_schema_extra=COMMAS, description="only of one of these severities"
    )
    outcome: tuple[Outcome, ...] = Field(
        (), min_length=1, json_schema_extra=COMMAS, description="only with one of these outcomes"
    )
    status: tuple[Literal[FindingStatus.OPEN, FindingStatus.WAIVED], ...] = Field(
        (), min_length=1, json_schema_extra=COMMAS, description="only with one of these statuses"
    )
    sort: Literal["severity", "-severity", "first_seen_at", "-first_seen_at"] = Field(
        "-severity", description="the order; a leading minus reverses it"
    )


class CertificateParameters(ListParameters):
    """Filters of certificates."""

    q: Text | None = Field(
        None, description="only with every word in subject, issuer, names, serial number or hash"
    )
    expires_before: Moment | None = Field(None, description="only if it expires before this time")
    sort: Literal["not_after", "-not_after", "subject", "-subject"] = Field(
        "not_after", description="the order; a leading minus reverses it"
    )


class FindingApi:
    """The handlers; ``store`` has the evidence of findings."""

    def __init__(self, views: Views, store: SqlReader, evaluator: PolicyEvaluator) -> None:
        self._views = views
        self._store = store
        self._evaluator = evaluator

    async def every(self, call: Call[FindingParameters, None]) -> Reply:
        """A page of findings."""
        query, view = call.query, await self._views.get()
        place = _PLACES[query.sort.removeprefix("-")]

        def found() -> Sequence[_Found]:
            labels = labels_of(query.label)
            return sorted(
                (one for one in view.findings if _matches(*one, query, labels)), key=place
            )

        shown = (answers.Finding, _finding_json)
        return Reply(value=await counted_page(found, place, query.sort, query, shown))

    async def one(self, call: Call[Parameters, None]) -> Reply:
        """One finding with its evidence."""
        view, fingerprint = await self._views.get(), call.path("fingerprint")
        known = next((one for _, one in view.findings if one.fingerprint == fingerprint), None)
        if known is None:
            raise ApiError(404, f"unknown finding {fingerprint!r}: GET /api/v1/findings lists all")
        stored = await self._store.findings(Selection(keys=frozenset({known.endpoint_key})))
        evidence = next(
            (one.result.evidence for one in stored if one.fingerprint == fingerprint), None
        )
        full = finding_to_json(known, with_evidence=False)
        if evidence is not None:
            full["evidence"] = evidence_to_json(evidence)
        return Reply(value=full)

    async def certificates(self, call: Call[CertificateParameters, None]) -> Reply:
        """A page of certificates."""
        query, view = call.query, await self._views.get()
        place = _subject_place if query.sort.endswith("subject") else _expiry_place

        def found() -> Sequence[Held]:
            wanted = (one for one in view.certificates if _is_wanted(one, query))
            return sorted(wanted, key=place)

        shown = (answers.Certificate, _certificate_json)
        return Reply(value=await counted_page(found, place, query.sort, query, shown))

    async def certificate(self, call: Call[Parameters, None]) -> Reply:
        """One certificate."""
        view, sha256 = await self._views.get(), call.path("sha256")
        found = next((one for one in view.certificates if one.certificate.sha256 == sha256), None)
        if found is None:
            raise ApiError(
                404, f"no endpoint serves the certificate {sha256!r}: GET /api/v1/certificates"
            )
        return Reply(value=_certificate_json(found))

    async def policies(self, call: Call[ListParameters, None]) -> Reply:
        """A page of the policies in force."""
        found, view = self._evaluator.book.policies, await self._views.get()
        counts = _compliance(view)
        return Reply(
            value=await counted_page(
                lambda: sorted(found, key=_name_place),
                _name_place,
                "name",
                call.query,
                (answers.Policy, lambda one: _policy_json(one, counts)),
            )
        )

    async def policy(self, call: Call[Parameters, None]) -> Reply:
        """One policy."""
        name = call.path("name")
        found = next((one for one in self._evaluator.book.policies if one.name == name), None)
        if found is None:
            raise ApiError(404, f"unknown policy {name!r}: GET /api/v1/policies lists all")
        return Reply(value=_policy_json(found, _compliance(await self._views.get())))


def _matches(
    entry: Entry, finding: Finding, query: FindingParameters, labels: Mapping[str, str]
) -> bool:
    result, target = finding.result, entry.status.observation.endpoint.target
    return (
        query.endpoint in (None, entry.key)
        and labels.items() <= target.labels.items()
        and query.policy in (None, result.policy)
        and query.rule in (None, result.rule, result.rule_id)
        and (not query.severity or result.severity in query.severity)
        and (not query.outcome or result.outcome in query.outcome)
        and (not query.status or finding.status in query.status)
        and (query.q is None or has_words(_text_of(finding), query.q))
    )


def _text_of(finding: Finding) -> str:
    result = finding.result
    words = (finding.endpoint_key, result.policy, result.rule_label, result.violation)
    return "\n".join((*words, result.observed)).lower()


def _finding_json(found: _Found) -> Json:
    return finding_to_json(found[1], with_evidence=False)


_PLACES: Final[dict[str, Callable[[_Found], Place]]] = {
    "severity": lambda one: place_of(one[1].result.severity.rank, one[1].fingerprint),
    "first_seen_at": lambda one: place_of(one[1].first_seen_at.timestamp(), one[1].fingerprint),
}


def _is_wanted(held: Held, query: CertificateParameters) -> bool:
    one = held.certificate
    texts = (one.subject, one.issuer, one.serial_number, one.sha256)
    if not has_words("\n".join((*filter(None, texts), *one.dns_names)).lower(), query.q):
        return False
    return query.expires_before is None or _ends_before(one.not_after, query.expires_before)


def _ends_before(not_after: datetime | None, moment: datetime) -> bool:
    return not_after is not None and not_after < moment


def _expiry_place(held: Held) -> Place:
    end = held.certificate.not_after
    return place_of(None if end is None else end.timestamp(), held.certificate.sha256)


def _subject_place(held: Held) -> Place:
    return place_of(held.certificate.subject, held.certificate.sha256)


def _certificate_json(held: Held) -> Json:
    one = held.certificate
    return {
        "sha256": one.sha256,
        "subject": one.subject,
        "issuer": one.issuer,
        "serial_number": one.serial_number,
        "dns_names": list(one.dns_names),
        "ip_addresses": list(one.ip_addresses),
        "not_before": time_to_json(one.not_before),
        "not_after": time_to_json(one.not_after),
        "key_type": one.key_type.value,
        "key_bits": one.key_bits,
        "public_key_sha256": one.public_key_sha256,
        "signature_algorithm": one.signature_algorithm,
        "endpoints": list(held.endpoints),
    }


def _name_place(policy: Policy) -> Place:
    return place_of(policy.name, policy.name)


def _compliance(view: View) -> Counter[tuple[str, Verdict]]:
    return Counter(
        (policy, verdict)
        for entry in view.entries.values()
        for policy, verdict in entry.status.compliance.items()
    )


def _policy_json(policy: Policy, counts: Counter[tuple[str, Verdict]]) -> dict[str, Any]:
    fields = policy_to_json(policy)
    fields["applies_to"] = fields.pop("for")
    fields["compliance"] = {one.value: counts[policy.name, one] for one in Verdict}
    return fields


OPERATIONS: Final[Sequence[Operation]] = (
    Operation(
        name="list_findings",
        tag="findings",
        summary="The unresolved findings of all endpoints.",
        path="/findings",
        handle=FindingApi.every,
        query=FindingParameters,
        answer=answers.Findings,
    ),
    Operation(
        name="get_finding",
        tag="findings",
        summary="One unresolved finding with its evidence.",
        path="/findings/{fingerprint}",
        handle=FindingApi.one,
        answer=answers.Finding,
    ),
    Operation(
        name="list_certificates",
        tag="certificates",
        summary="The leaf certificates that endpoints serve now.",
        path="/certificates",
        handle=FindingApi.certificates,
        query=CertificateParameters,
        answer=answers.Certificates,
    ),
    Operation(
        name="get_certificate",
        tag="certificates",
        summary="One leaf certificate, and where it is served.",
        path="/certificates/{sha256}",
        handle=FindingApi.certificate,
        answer=answers.Certificate,
    ),
    Operation(
        name="list_policies",
        tag="policies",
        summary="The policies in force.",
        path="/policies",
        handle=FindingApi.policies,
        query=ListParameters,
        answer=answers.Policies,
    ),
    Operation(
        name="get_policy",
        tag="policies",
        summary="One policy with its rules.",
        path="/policies/{name}",
        handle=FindingApi.policy,
        answer=answers.Policy,
    ),
)
"""The operations of this module."""
