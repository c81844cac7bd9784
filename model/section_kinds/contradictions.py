"""Answers that cannot both come from one server's configuration."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from model.encoding.evidence_json import evidence_from_json, evidence_to_json
from model.observation import Contradiction
from model.section_kinds.kind import Exchange, Json, ListKind, Shown
from model.verdict import Evidence


class Contradictions(ListKind[Contradiction]):
    """Their answers are evidence only."""

    def to_json(self, value: tuple[Contradiction, ...], *, with_evidence: bool) -> list[Json]:
        """The question, and its incompatible answers."""
        return [_to_json(one, with_evidence=with_evidence) for one in value]

    def from_json(self, fields: list[Json]) -> tuple[Contradiction, ...]:
        """The contradictions."""
        return tuple(map(_from_json, fields))

    def digest(self, value: tuple[Contradiction, ...]) -> Iterable[str]:
        """The questions."""
        return [one.subject for one in value]

    def shown(self, value: tuple[Contradiction, ...]) -> Iterator[tuple[str, Shown]]:
        """The questions."""
        yield "", tuple(one.subject for one in value)

    def exchanged(
        self, value: tuple[Contradiction, ...], exchange: Exchange
    ) -> tuple[Contradiction, ...]:
        """The answers of each; None after the last one marks the end."""
        return tuple(_exchanged(one, exchange) for one in value)

    def without_evidence(self, value: tuple[Contradiction, ...]) -> tuple[Contradiction, ...]:
        """The same number of answers, without their bytes."""
        return tuple(replace(one, answers=tuple(Evidence() for _ in one.answers)) for one in value)


def _to_json(found: Contradiction, *, with_evidence: bool) -> Json:
    answers = [evidence_to_json(proof) for proof in found.answers] if with_evidence else []
    return {"subject": found.subject, "answers": answers}


def _from_json(fields: Json) -> Contradiction:
    proofs = [evidence_from_json(proof) for proof in fields["answers"]]
    return Contradiction(
        subject=fields["subject"], answers=tuple(proof for proof in proofs if proof is not None)
    )


def _exchanged(found: Contradiction, exchange: Exchange) -> Contradiction:
    given = iter(found.answers)
    answers = []
    while (answer := exchange(next(given, None))) is not None:
        answers.append(answer)
    return replace(found, answers=tuple(answers))
