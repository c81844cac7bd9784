"""The proofs of an Observation, apart from what they prove: taken out in one order, and put back in the same.

The order is that of the facts themselves, so that nothing needs to say whose a proof is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from model.observation import Observation
from model.section_kinds.kind import Exchange, Proof
from model.sections import SECTIONS


def proofs_of(observation: Observation) -> list[Proof]:
    """The proof of each fact, or None where it has none."""
    proofs: list[Proof] = []

    def take(proof: Proof) -> Proof:
        proofs.append(proof)
        return proof

    _exchanged(observation, take)
    return proofs


def with_proofs(observation: Observation, proofs: Iterable[Proof]) -> Observation:
    """The Observation with these as its proofs, as ``proofs_of`` gives them of one with the same facts.

    Raises:
        ValueError: where there are more or fewer of them than facts that have a proof.
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
