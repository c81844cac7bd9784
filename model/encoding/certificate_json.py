"""Certificates and chains to JSON values and back, in the form that an Observation has."""

from __future__ import annotations

from collections.abc import Mapping
from sys import intern
from typing import Any, TypeAlias

from model.certificates.certificate import (
    Certificate,
    Completion,
    Judgement,
    KeyType,
    NameAsked,
    Problem,
    Revocation,
    RevocationMethod,
    Sct,
    SctSource,
    ServedChain,
    TrustFailure,
    TrustVerdict,
    Validation,
)
from model.encoding.times_json import time_from_json, time_to_json
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict

Json: TypeAlias = dict[str, Any]


def deployment_to_json(deployment: ServedChain) -> Json:
    """One chain, leaf first, without the certificates' raw DER."""
    return {
        "key_type": deployment.key_type.value,
        "chain": [_certificate_to_json(certificate) for certificate in deployment.chain],
        "served_for": {
            "versions": [version.label for version in deployment.versions],
            "server_name": deployment.served_with_server_name,
            "names": [name.value for name in deployment.names],
        },
        "problems": [problem.value for problem in deployment.problems],
        "trust": {
            store: _trust_to_json(found) for store, found in sorted(deployment.trust.items())
        },
        "hostname_matches": deployment.hostname_matches.value,
        "revocations": [_revocation_to_json(found) for found in deployment.revocations],
        "scts": [_sct_to_json(sct) for sct in deployment.scts],
        "completion": _completion_to_json(deployment.completion),
        "transparency": _judgements_to_json(deployment.transparency),
        "dns": _judgements_to_json(deployment.dns),
    }


def deployment_from_json(fields: Json) -> ServedChain:
    """The chain that ``deployment_to_json`` wrote. Raises KeyError or ValueError."""
    return ServedChain(
        key_type=KeyType(fields["key_type"]),
        chain=tuple(certificate_from_json(item) for item in fields["chain"]),
        **service_from_json(fields),
    )


def service_from_json(fields: Json) -> dict[str, Any]:
    """The service properties of a chain: all fields of a ServedChain except key type and chain.

    Raises:
        KeyError, ValueError: if a required property is missing or has an unknown value.
    """
    served_for = fields["served_for"]
    return {
        "versions": tuple(map(ProtocolVersion.from_label, served_for["versions"])),
        "served_with_server_name": served_for["server_name"],
        "names": tuple(map(NameAsked, served_for.get("names", [NameAsked.OWN]))),
        "problems": tuple(map(Problem, fields.get("problems", ()))),
        "trust": {
            intern(store): _trust_from_json(found) for store, found in fields["trust"].items()
        },
        "hostname_matches": Verdict(fields["hostname_matches"]),
        "revocations": tuple(map(_revocation_from_json, fields.get("revocations", ()))),
        "scts": tuple(map(_sct_from_json, fields.get("scts", ()))),
        "completion": _completion_from_json(fields.get("completion")),
        "transparency": _judgements_from_json(fields.get("transparency", {})),
        "dns": _judgements_from_json(fields.get("dns", {})),
    }


def _judgements_to_json(judgements: Mapping[str, Judgement]) -> Json:
    return {
        name: {"verdict": found.verdict.value, "reason": found.reason}
        for name, found in sorted(judgements.items())
    }


def _judgements_from_json(fields: Json) -> dict[str, Judgement]:
    return {
        name: Judgement(verdict=Verdict(found["verdict"]), reason=found["reason"])
        for name, found in fields.items()
    }


def _trust_to_json(found: TrustVerdict) -> Json:
    return {
        "verdict": found.verdict.value,
        "reason": found.reason,
        **({} if found.failure is None else {"failure": found.failure.value}),
        "path_not_after": time_to_json(found.path_not_after),
        "strict": found.strict.value,
        "strict_reason": found.strict_reason,
    }


def _trust_from_json(fields: Json) -> TrustVerdict:
    return TrustVerdict(
        verdict=Verdict(fields["verdict"]),
        reason=_interned(fields["reason"]),
        failure=None if (failure := fields.get("failure")) is None else TrustFailure(failure),
        path_not_after=time_from_json(fields.get("path_not_after")),
        strict=Verdict(fields.get("strict", Verdict.UNKNOWN)),
        strict_reason=_interned(fields.get("strict_reason")),
    )


def _completion_to_json(found: Completion | None) -> Json | None:
    if found is None:
        return None
    return {
        "issuers": [_certificate_to_json(issuer) for issuer in found.issuers],
        "trust": {store: _trust_to_json(one) for store, one in sorted(found.trust.items())},
        "reason": found.reason,
    }


def _completion_from_json(fields: Json | None) -> Completion | None:
    if fields is None:
        return None
    return Completion(
        issuers=tuple(certificate_from_json(item) for item in fields["issuers"]),
        trust={store: _trust_from_json(one) for store, one in fields["trust"].items()},
        reason=fields["reason"],
    )


def _revocation_to_json(found: Revocation) -> Json:
    return {
        "position": found.position,
        "method": found.method.value,
        "is_revoked": found.is_revoked.value,
        "reason": found.reason,
        "revoked_at": time_to_json(found.revoked_at),
        "this_update": time_to_json(found.this_update),
        "next_update": time_to_json(found.next_update),
        "source": found.source,
    }


def _revocation_from_json(fields: Json) -> Revocation:
    return Revocation(
        position=fields["position"],
        method=RevocationMethod(fields["method"]),
        is_revoked=Verdict(fields["is_revoked"]),
        reason=fields["reason"],
        revoked_at=time_from_json(fields["revoked_at"]),
        this_update=time_from_json(fields["this_update"]),
        next_update=time_from_json(fields["next_update"]),
        source=fields["source"],
    )


def _sct_to_json(sct: Sct) -> Json:
    return {
        "source": sct.source.value,
        "log_id": sct.log_id,
        "at": time_to_json(sct.at),
        "log_name": sct.log_name,
        "operator": sct.operator,
        "is_valid": sct.is_valid.value,
        "reason": sct.reason,
    }


def _sct_from_json(fields: Json) -> Sct:
    return Sct(
        source=SctSource(fields["source"]),
        log_id=intern(fields["log_id"]),
        at=time_from_json(fields["at"]),
        log_name=_interned(fields["log_name"]),
        operator=_interned(fields["operator"]),
        is_valid=Verdict(fields["is_valid"]),
        reason=_interned(fields["reason"]),
    )


def _certificate_to_json(certificate: Certificate) -> Json:
    return {
        "sha256": certificate.sha256,
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "serial_number": certificate.serial_number,
        "dns_names": list(certificate.dns_names),
        "ip_addresses": list(certificate.ip_addresses),
        "uris": list(certificate.uris),
        "email_addresses": list(certificate.email_addresses),
        "not_before": time_to_json(certificate.not_before),
        "not_after": time_to_json(certificate.not_after),
        "key_type": certificate.key_type.value,
        "key_bits": certificate.key_bits,
        "public_key_sha256": certificate.public_key_sha256,
        "signature_algorithm": certificate.signature_algorithm,
        "key_usage": _listed(certificate.key_usage),
        "extended_key_usage": _listed(certificate.extended_key_usage),
        "is_ca": certificate.is_ca,
        "path_length": certificate.path_length,
        "policies": list(certificate.policies),
        "validation": certificate.validation.value if certificate.validation else None,
        "crl_urls": list(certificate.crl_urls),
        "ocsp_urls": list(certificate.ocsp_urls),
        "issuer_urls": list(certificate.issuer_urls),
        "self_signed": certificate.is_self_signed,
        "must_staple": certificate.must_staple,
        "embedded_scts": certificate.embedded_scts,
        "parse_error": certificate.parse_error,
    }


def certificate_from_json(fields: Json) -> Certificate:
    """The certificate, without its DER. Raises KeyError or ValueError."""
    return certificate_of(fields, kind_from_json(fields))


def certificate_of(subject: Json, kind: Mapping[str, Any]) -> Certificate:
    """The Certificate with the individual fields of ``subject`` and the shared ones of ``kind_from_json``.

    Raises:
        KeyError, ValueError: if a required property is missing or has an unknown value.
    """
    return Certificate(
        sha256=subject["sha256"],
        subject=subject["subject"],
        issuer=_interned(subject["issuer"]),
        serial_number=subject.get("serial_number"),
        dns_names=tuple(subject.get("dns_names", ())),
        ip_addresses=tuple(subject.get("ip_addresses", ())),
        uris=tuple(subject.get("uris", ())),
        email_addresses=tuple(subject.get("email_addresses", ())),
        not_before=time_from_json(subject["not_before"]),
        not_after=time_from_json(subject["not_after"]),
        key_type=KeyType(subject.get("key_type", KeyType.OTHER)),
        key_bits=subject.get("key_bits"),
        public_key_sha256=subject.get("public_key_sha256"),
        **kind,
    )


def kind_from_json(fields: Json) -> dict[str, Any]:
    """The fields that many certificates of one issuer share, by field name. Raises ValueError."""
    return {
        "signature_algorithm": fields.get("signature_algorithm"),
        "key_usage": _unlisted(fields.get("key_usage")),
        "extended_key_usage": _unlisted(fields.get("extended_key_usage")),
        "is_ca": fields.get("is_ca"),
        "path_length": fields.get("path_length"),
        "policies": tuple(fields.get("policies", ())),
        "validation": Validation(fields["validation"]) if fields.get("validation") else None,
        "crl_urls": tuple(fields.get("crl_urls", ())),
        "ocsp_urls": tuple(fields.get("ocsp_urls", ())),
        "issuer_urls": tuple(fields.get("issuer_urls", ())),
        "is_self_signed": fields.get("self_signed", False),
        "must_staple": fields.get("must_staple", False),
        "embedded_scts": fields.get("embedded_scts", 0),
        "parse_error": fields.get("parse_error"),
    }


def _listed(names: tuple[str, ...] | None) -> list[str] | None:
    return None if names is None else list(names)


def _unlisted(names: list[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(names)


def _interned(text: str | None) -> str | None:
    return None if text is None else intern(text)
