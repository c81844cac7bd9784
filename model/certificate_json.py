"""Certificates and chains to JSON values and back, as they stand in an Observation."""

from __future__ import annotations

from typing import Any, TypeAlias

from model.certificate import Certificate, Deployment, KeyType, Problem, TrustVerdict
from model.protocol_version import ProtocolVersion
from model.times_json import time_from_json, time_to_json
from model.verdict import Verdict

Json: TypeAlias = dict[str, Any]


def deployment_to_json(deployment: Deployment) -> Json:
    """One chain, leaf first, without the certificates' raw DER."""
    return {
        "key_type": deployment.key_type.value,
        "chain": [_certificate_to_json(certificate) for certificate in deployment.chain],
        "served_for": {
            "versions": [version.label for version in deployment.versions],
            "server_name": deployment.served_with_server_name,
        },
        "problems": [problem.value for problem in deployment.problems],
        "trust": {
            store: {"verdict": found.verdict.value, "reason": found.reason}
            for store, found in sorted(deployment.trust.items())
        },
        "hostname_matches": deployment.hostname_matches.value,
    }


def deployment_from_json(fields: Json) -> Deployment:
    """The chain that ``deployment_to_json`` wrote. Raises KeyError or ValueError."""
    return Deployment(
        key_type=KeyType(fields["key_type"]),
        chain=tuple(_certificate_from_json(item) for item in fields["chain"]),
        versions=tuple(
            ProtocolVersion.from_label(label) for label in fields["served_for"]["versions"]
        ),
        served_with_server_name=fields["served_for"]["server_name"],
        problems=tuple(Problem(name) for name in fields.get("problems", ())),
        trust={
            store: TrustVerdict(verdict=Verdict(found["verdict"]), reason=found["reason"])
            for store, found in fields["trust"].items()
        },
        hostname_matches=Verdict(fields["hostname_matches"]),
    )


def _certificate_to_json(certificate: Certificate) -> Json:
    return {
        "sha256": certificate.sha256,
        "subject": certificate.subject,
        "issuer": certificate.issuer,
        "serial_number": certificate.serial_number,
        "dns_names": list(certificate.dns_names),
        "ip_addresses": list(certificate.ip_addresses),
        "not_before": time_to_json(certificate.not_before),
        "not_after": time_to_json(certificate.not_after),
        "key_type": certificate.key_type.value,
        "key_bits": certificate.key_bits,
        "signature_algorithm": certificate.signature_algorithm,
        "parse_error": certificate.parse_error,
    }


def _certificate_from_json(fields: Json) -> Certificate:
    return Certificate(
        sha256=fields["sha256"],
        subject=fields["subject"],
        issuer=fields["issuer"],
        serial_number=fields.get("serial_number"),
        dns_names=tuple(fields.get("dns_names", ())),
        ip_addresses=tuple(fields.get("ip_addresses", ())),
        not_before=time_from_json(fields["not_before"]),
        not_after=time_from_json(fields["not_after"]),
        key_type=KeyType(fields.get("key_type", KeyType.OTHER)),
        key_bits=fields.get("key_bits"),
        signature_algorithm=fields.get("signature_algorithm"),
        parse_error=fields.get("parse_error"),
    )
