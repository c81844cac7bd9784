"""Proofs to JSON values and back."""

from __future__ import annotations

from typing import Any, TypeAlias

from model.verdict import Evidence

Json: TypeAlias = dict[str, Any]


def evidence_field(evidence: Evidence | None, *, with_evidence: bool) -> Json:
    """The property ``evidence`` of a fact; empty if proofs are omitted."""
    return {"evidence": evidence_to_json(evidence)} if with_evidence else {}


def evidence_to_json(proof: Evidence | None) -> Json | None:
    """The bytes as hex, the note, and whether the bytes are cut, if they are."""
    if proof is None:
        return None
    fields: Json = {
        "offer": None if proof.offer is None else proof.offer.hex(),
        "answer": None if proof.answer is None else proof.answer.hex(),
        "note": proof.note,
    }
    return fields | {"is_cut": True} if proof.is_cut else fields


def evidence_from_json(fields: Json | None) -> Evidence | None:
    """The Evidence. Raises ValueError if it is not hex."""
    if fields is None:
        return None
    offer, answer = fields.get("offer"), fields.get("answer")
    return Evidence(
        offer=None if offer is None else bytes.fromhex(offer),
        answer=None if answer is None else bytes.fromhex(answer),
        note=fields.get("note"),
        is_cut=fields.get("is_cut", False),
    )
