"""The proofs of an Observation, separate from the facts: extracted and restored in the same order.

The order follows the facts, so a proof needs no reference to its fact.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from model.observation import Observation
from model.section_kinds.kind import Exchange, Proof
from model.sections import SECTIONS


def proofs_of(observation: Observation) -> list[Proof]:
    """The proof of each fact, or None if it has none."""
    proofs: list[Proof] = []

    def take(proof: Proof) -> Proof:
        proofs.append(proof)
        return proof

    _exchanged(observation, take)
    return proofs


def with_proofs(observation: Observation, proofs: Iterable[Proof]) -> Observation:
    """The Observation with these proofs, in the order of ``proofs_of`` for the same facts.

    Raises:
        ValueError: if there are more or fewer proofs than facts that have one.
    """
    given = iter(proofs)

    def put(_: Proof) -> Proof:
        try:
            return next(given)
        except StopIteration:
            raise ValueError("there are more facts than proofs") from None

    proved = _exchanged(observation, put)
    if next(given, proofs) is not proofs:
        raise ValueError("there are more proofs than facts")
    return proved


def _exchanged(found: Observation, exchange: Exchange) -> Observation:
    facts = {
        section.name: section.kind.exchanged(section.of(found), exchange) for section in SECTIONS
    }
    return replace(found, **facts)
