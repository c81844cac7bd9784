"""Observations to JSON and back, in the form of ``docs/observation.schema.json``.

``to_json`` and ``from_json`` are inverse, but for certificates' raw DER, which stays out of
the JSON. ``facts_digest`` is equal for two Observations that learnt the same facts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, TypeAlias

from model.certificate import Certificate, Deployment, KeyType, Problem, TrustVerdict
from model.observation import (
    SCHEMA_NUMBER,
    AcceptedSet,
    ClientAuth,
    ClientAuthMode,
    Cost,
    Mode,
    Observation,
    State,
)
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Evidence, Fact, Preference, Verdict

Json: TypeAlias = dict[str, Any]

_CIRCUMSTANCES = (
    "tool",
    "mode",
    "started_at",
    "duration_seconds",
    "connections",
    "bytes_sent",
    "bytes_received",
    "throttled",
    "reason",
)
"""What may differ between two visits that learnt the same facts."""


def to_json(observation: Observation, *, with_evidence: bool = True) -> Json:
    """The Observation as JSON values; ``with_evidence=False`` leaves all evidence out."""
    target, cost = observation.endpoint.target, observation.cost

    def evidence(proof: Evidence | None) -> Json:
        return {"evidence": _evidence_to_json(proof)} if with_evidence else {}

    def accepted_set(found: AcceptedSet) -> Json:
        fields: Json = {
            "accepted": list(found.accepted),
            "complete": found.complete,
            "preference": found.preference.value,
        }
        if with_evidence:
            fields["evidence"] = {
                name: _evidence_to_json(proof) for name, proof in found.evidence.items()
            }
            fields["refusal"] = _evidence_to_json(found.refusal)
        return fields

    def client_auth(found: ClientAuth) -> Json:
        fields: Json = {"mode": found.mode.value, "ca_names": list(found.ca_names)}
        if found.verifies is not None:
            fields["verifies"] = found.verifies.value
        return fields | evidence(found.evidence)

    return {
        "schema": SCHEMA_NUMBER,
        "tool": {"name": "tlsprobe", "version": observation.tool_version},
        "mode": observation.mode.value,
        "target": {
            "host": target.host,
            "port": target.port,
            "server_name": target.server_name,
            "protocol": target.protocol,
            "labels": dict(target.labels),
        },
        "address": observation.endpoint.address,
        "started_at": _time_to_json(observation.started_at),
        "duration_seconds": round(cost.duration_seconds, 6),
        "connections": cost.connections,
        "bytes_sent": cost.bytes_sent,
        "bytes_received": cost.bytes_received,
        "throttled": cost.throttled,
        "state": observation.state.value,
        "reason": observation.reason,
        "protocols": {
            version.label: {"verdict": fact.verdict.value} | evidence(fact.evidence)
            for version, fact in sorted(observation.protocols.items())
        },
        "cipher_suites": _by_version(observation.cipher_suites, accepted_set),
        "groups": _by_version(observation.groups, accepted_set),
        "certificates": [_deployment_to_json(item) for item in observation.certificates],
        "client_auth": _by_version(observation.client_auth, client_auth),
    }


def from_json(fields: Json) -> Observation:
    """The Observation that ``to_json`` wrote.

    Raises:
        KeyError, ValueError: where a required property is missing or has no known meaning.
    """
    target = fields["target"]
    return Observation(
        tool_version=fields["tool"]["version"],
        mode=Mode(fields["mode"]),
        endpoint=Endpoint(
            target=Target(
                host=target["host"],
                port=target["port"],
                server_name=target["server_name"],
                protocol=target["protocol"],
                labels=dict(target["labels"]),
            ),
            address=fields["address"],
        ),
        started_at=datetime.fromisoformat(fields["started_at"]),
        cost=Cost(
            duration_seconds=fields["duration_seconds"],
            connections=fields["connections"],
            bytes_sent=fields.get("bytes_sent", 0),
            bytes_received=fields.get("bytes_received", 0),
            throttled=fields.get("throttled", False),
        ),
        state=State(fields["state"]),
        reason=fields["reason"],
        protocols={
            ProtocolVersion.from_label(label): Fact(
                verdict=Verdict(fact["verdict"]), evidence=_evidence_from_json(fact)
            )
            for label, fact in fields["protocols"].items()
        },
        cipher_suites={
            ProtocolVersion.from_label(label): _accepted_set_from_json(found)
            for label, found in fields["cipher_suites"].items()
        },
        groups={
            ProtocolVersion.from_label(label): _accepted_set_from_json(found)
            for label, found in fields["groups"].items()
        },
        certificates=tuple(_deployment_from_json(item) for item in fields["certificates"]),
        client_auth={
            ProtocolVersion.from_label(label): ClientAuth(
                mode=ClientAuthMode(found["mode"]),
                verifies=Verdict(found["verifies"]) if "verifies" in found else None,
                ca_names=tuple(found.get("ca_names", ())),
                evidence=_evidence_from_json(found),
            )
            for label, found in fields["client_auth"].items()
        },
    )


def facts_digest(observation: Observation) -> str:
    """The SHA-256, in hex, of the facts alone: no evidence, cost, time or wording."""
    facts = to_json(observation, with_evidence=False)
    for circumstance in _CIRCUMSTANCES:
        del facts[circumstance]
    canonical = json.dumps(facts, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def _by_version(found: Mapping[ProtocolVersion, Any], encode: Any) -> Json:
    return {version.label: encode(item) for version, item in sorted(found.items())}


def _time_to_json(moment: datetime | None) -> str | None:
    return None if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _time_from_json(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _evidence_to_json(proof: Evidence | None) -> Json | None:
    if proof is None:
        return None
    return {
        "offer": None if proof.offer is None else proof.offer.hex(),
        "answer": None if proof.answer is None else proof.answer.hex(),
        "note": proof.note,
    }


def _evidence_from_json(holder: Json, name: str = "evidence") -> Evidence | None:
    fields = holder.get(name)
    if fields is None:
        return None
    offer, answer = fields.get("offer"), fields.get("answer")
    return Evidence(
        offer=None if offer is None else bytes.fromhex(offer),
        answer=None if answer is None else bytes.fromhex(answer),
        note=fields.get("note"),
    )


def _accepted_set_from_json(fields: Json) -> AcceptedSet:
    proofs = {
        name: _evidence_from_json({"evidence": proof})
        for name, proof in fields.get("evidence", {}).items()
    }
    return AcceptedSet(
        accepted=tuple(fields["accepted"]),
        complete=fields["complete"],
        preference=Preference(fields["preference"]),
        evidence={name: proof for name, proof in proofs.items() if proof is not None},
        refusal=_evidence_from_json(fields, "refusal"),
    )


def _deployment_to_json(deployment: Deployment) -> Json:
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


def _deployment_from_json(fields: Json) -> Deployment:
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
        "not_before": _time_to_json(certificate.not_before),
        "not_after": _time_to_json(certificate.not_after),
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
        not_before=_time_from_json(fields["not_before"]),
        not_after=_time_from_json(fields["not_after"]),
        key_type=KeyType(fields.get("key_type", KeyType.OTHER)),
        key_bits=fields.get("key_bits"),
        signature_algorithm=fields.get("signature_algorithm"),
        parse_error=fields.get("parse_error"),
    )
