"""Facts and their proofs to JSON values and back, as they stand in an Observation.

Every ``*_to_json`` takes ``with_evidence``; False leaves the proofs out. Every ``*_from_json``
raises KeyError or ValueError where a required property is missing or has no known meaning.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, TypeAlias

from model.encoding.times_json import time_from_json, time_to_json
from model.observation import (
    AcceptedSet,
    ClientAttempt,
    ClientAuth,
    ClientAuthMode,
    Contradiction,
    DhParameters,
    ForgedCertificate,
    OwnAttempt,
)
from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Fact, Preference, Verdict

Json: TypeAlias = dict[str, Any]


def fact_to_json(fact: Fact, *, with_evidence: bool) -> Json:
    """The verdict, its value where it has one, and its proof."""
    fields: Json = {"verdict": fact.verdict.value}
    if fact.value is not None:
        fields["value"] = fact.value
    return fields | _proof(fact.evidence, with_evidence=with_evidence)


def fact_from_json(fields: Json) -> Fact:
    """The Fact."""
    evidence = evidence_from_json(fields.get("evidence"))
    if evidence is None:
        verdict, value = fields["verdict"], fields.get("value")
        is_short = value is None or len(value) <= _LONGEST_SHARED
        make = _shared_bare_fact if is_short else _bare_fact
        return make(verdict, value)
    return Fact(verdict=Verdict(fields["verdict"]), evidence=evidence, value=fields.get("value"))


_LONGEST_SHARED = 256
"""Characters of a value that endpoints may have in common: 1 MiB at most for all of them."""


def _bare_fact(verdict: str, value: str | None) -> Fact:
    return Fact(verdict=Verdict(verdict), value=value)


_shared_bare_fact = lru_cache(maxsize=1024)(_bare_fact)
"""Most endpoints say the same: they share it."""


def accepted_set_to_json(found: AcceptedSet, *, with_evidence: bool) -> Json:
    """The accepted names in order, and the proof of each."""
    fields: Json = {
        "accepted": list(found.accepted),
        "complete": found.complete,
        "preference": found.preference.value,
    }
    if with_evidence:
        fields["evidence"] = {
            name: evidence_to_json(proof) for name, proof in found.evidence.items()
        }
        fields["refusal"] = evidence_to_json(found.refusal)
    return fields


def accepted_set_from_json(fields: Json) -> AcceptedSet:
    """The AcceptedSet."""
    proofs = {name: evidence_from_json(proof) for name, proof in fields.get("evidence", {}).items()}
    return AcceptedSet(
        accepted=tuple(fields["accepted"]),
        complete=fields["complete"],
        preference=Preference(fields["preference"]),
        evidence={name: proof for name, proof in proofs.items() if proof is not None},
        refusal=evidence_from_json(fields.get("refusal")),
    )


def client_auth_to_json(found: ClientAuth, *, with_evidence: bool) -> Json:
    """What is asked of a client's certificate."""
    fields: Json = {"mode": found.mode.value, "ca_names": list(found.ca_names)}
    if found.asked_on_path is not None:
        fields["asked_on_path"] = found.asked_on_path
    if found.verifies is not None:
        fields["verifies"] = found.verifies.value
    if found.certificate_types:
        fields["certificate_types"] = list(found.certificate_types)
    if found.signature_schemes:
        fields["signature_schemes"] = list(found.signature_schemes)
    if found.attempts:
        fields["attempts"] = [
            {"forged": one.forged.value, "accepted": one.is_accepted.value}
            | _proof(one.evidence, with_evidence=with_evidence)
            for one in found.attempts
        ]
    for name, attempt in (("own", found.own), ("expired", found.expired)):
        if attempt is not None:
            fields[name] = {
                "identity": attempt.identity,
                "sha256": attempt.sha256,
                "not_after": time_to_json(attempt.not_after),
                "accepted": attempt.is_accepted.value,
            } | _proof(attempt.evidence, with_evidence=with_evidence)
    return fields | _proof(found.evidence, with_evidence=with_evidence)


def _own_from_json(fields: Json | None) -> OwnAttempt | None:
    not_after = time_from_json(fields["not_after"]) if fields else None
    if fields is None or not_after is None:
        return None
    return OwnAttempt(
        identity=fields["identity"],
        sha256=fields["sha256"],
        not_after=not_after,
        is_accepted=Verdict(fields["accepted"]),
        evidence=evidence_from_json(fields.get("evidence")),
    )


def client_auth_from_json(fields: Json) -> ClientAuth:
    """The ClientAuth."""
    return ClientAuth(
        mode=ClientAuthMode(fields["mode"]),
        asked_on_path=fields.get("asked_on_path"),
        verifies=Verdict(fields["verifies"]) if "verifies" in fields else None,
        ca_names=tuple(fields.get("ca_names", ())),
        certificate_types=tuple(fields.get("certificate_types", ())),
        signature_schemes=tuple(fields.get("signature_schemes", ())),
        attempts=tuple(
            ClientAttempt(
                forged=ForgedCertificate(one["forged"]),
                is_accepted=Verdict(one["accepted"]),
                evidence=evidence_from_json(one.get("evidence")),
            )
            for one in fields.get("attempts", ())
        ),
        own=_own_from_json(fields.get("own")),
        expired=_own_from_json(fields.get("expired")),
        evidence=evidence_from_json(fields.get("evidence")),
    )


def dh_to_json(found: DhParameters, *, with_evidence: bool) -> Json:
    """One finite-field group."""
    return {
        "prime_bits": found.prime_bits,
        "prime_sha256": found.prime_sha256,
        "known_as": found.known_as,
        "safe_prime": found.is_safe_prime.value,
        "versions": [version.label for version in found.versions],
    } | _proof(found.evidence, with_evidence=with_evidence)


def dh_from_json(fields: Json) -> DhParameters:
    """The DhParameters."""
    return DhParameters(
        prime_bits=fields["prime_bits"],
        prime_sha256=fields["prime_sha256"],
        known_as=fields["known_as"],
        is_safe_prime=Verdict(fields["safe_prime"]),
        versions=tuple(ProtocolVersion.from_label(label) for label in fields["versions"]),
        evidence=evidence_from_json(fields.get("evidence")),
    )


def contradiction_to_json(found: Contradiction, *, with_evidence: bool) -> Json:
    """What was asked, and the answers that cannot all be true."""
    answers = [evidence_to_json(proof) for proof in found.answers] if with_evidence else []
    return {"subject": found.subject, "answers": answers}


def contradiction_from_json(fields: Json) -> Contradiction:
    """The Contradiction."""
    proofs = [evidence_from_json(proof) for proof in fields["answers"]]
    return Contradiction(
        subject=fields["subject"], answers=tuple(proof for proof in proofs if proof is not None)
    )


def _proof(evidence: Evidence | None, *, with_evidence: bool) -> Json:
    return {"evidence": evidence_to_json(evidence)} if with_evidence else {}


def evidence_to_json(proof: Evidence | None) -> Json | None:
    """The bytes as hex, and the note."""
    if proof is None:
        return None
    return {
        "offer": None if proof.offer is None else proof.offer.hex(),
        "answer": None if proof.answer is None else proof.answer.hex(),
        "note": proof.note,
    }


def evidence_from_json(fields: Json | None) -> Evidence | None:
    """The Evidence."""
    if fields is None:
        return None
    offer, answer = fields.get("offer"), fields.get("answer")
    return Evidence(
        offer=None if offer is None else bytes.fromhex(offer),
        answer=None if answer is None else bytes.fromhex(answer),
        note=fields.get("note"),
    )
