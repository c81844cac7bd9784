"""Claims as JSON, and the digest of what they say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from model.claims import Claim, ClaimedRule, SourceProof
from model.verdict import Verdict


def claims_to_json(claims: Iterable[Claim]) -> list[dict[str, Any]]:
    """The claims as JSON; properties with their usual value are left out."""
    return [_to_json(one) for one in claims]


def claims_from_json(entries: Iterable[Mapping[str, Any]]) -> tuple[Claim, ...]:
    """The claims that ``claims_to_json`` wrote. Raises KeyError, ValueError."""
    return tuple(_from_json(one) for one in entries)


def claims_digest(claims: Iterable[Claim]) -> str:
    """The SHA-256, in hex, of what is claimed, without the times of reading."""
    entries = [{**one, "read_at": None} for one in claims_to_json(claims)]
    text = json.dumps(entries, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _to_json(claim: Claim) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": claim.name,
        "statement": claim.statement,
        "source": claim.source,
        "resource": claim.resource,
    }
    if claim.rules:
        found["rules"] = [
            {"rule": one.rule, "parameters": dict(one.parameters)} for one in claim.rules
        ]
    if claim.is_weakness:
        found["is_weakness"] = True
    if claim.unprovable:
        found["unprovable"] = claim.unprovable
    if claim.proof is not None:
        found["proof"] = {
            "verdict": claim.proof.verdict.value,
            "observed": claim.proof.observed,
        }
    if claim.related:
        found["related"] = list(claim.related)
    if claim.read_at is not None:
        found["read_at"] = claim.read_at.isoformat()
    return found


def _from_json(fields: Mapping[str, Any]) -> Claim:
    read_at, proof = fields.get("read_at"), fields.get("proof")
    return Claim(
        name=fields["name"],
        statement=fields["statement"],
        source=fields["source"],
        resource=fields["resource"],
        rules=tuple(
            ClaimedRule(rule=one["rule"], parameters=one["parameters"])
            for one in fields.get("rules", ())
        ),
        is_weakness=fields.get("is_weakness", False),
        unprovable=fields.get("unprovable", ""),
        proof=None
        if proof is None
        else SourceProof(verdict=Verdict(proof["verdict"]), observed=proof["observed"]),
        related=tuple(fields.get("related", ())),
        read_at=None if read_at is None else datetime.fromisoformat(read_at),
    )
