"""The facts of an IKE responder as rows of its report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from exporters.fact_words import IKE_WORDS
from exporters.terminal.console import printable
from exporters.terminal.safe_text import SafeText
from exporters.terminal.scan_report.layout import Row, Words, row
from exporters.terminal.words import NAME_LIMIT
from model.observation import Observation
from model.registry.ike_transforms import TRANSFORMS, TransformType
from model.verdict import Fact, Verdict

_LABELS: Final = {
    TransformType.ENCRYPTION: "encryption",
    TransformType.PRF: "PRF",
    TransformType.INTEGRITY: "integrity",
    TransformType.KEY_EXCHANGE: "key exch.",
    TransformType.ADDITIONAL_KEY_EXCHANGE: "additional",
}
_WITH_VALUES: Final = {
    "proposal": "chosen",
    "signature_hash_algorithms": "hashes",
    "vendor_ids": "vendor ids",
}
"""The labels of facts that have a row of their own if they have a value."""
_STYLES: Final = {Verdict.YES: "", Verdict.NO: "dim", Verdict.UNKNOWN: "magenta"}


def ike_rows(observation: Observation, *, verbose: bool) -> Iterator[Row]:
    """The chosen proposal, the transforms of each type, and the other facts; ``verbose`` has refused transforms too."""
    facts = observation.ike
    for name, label in _WITH_VALUES.items():
        fact = facts.get(name)
        if fact is not None and fact.value:
            yield row(label, _names(fact.value))
    for kind, label in _LABELS.items():
        if words := list(_transforms(facts, kind, verbose=verbose)):
            yield row(label, Words(words))
    others = [
        SafeText(f"{words} {_said(facts[name])}", style=_STYLES[facts[name].verdict])
        for name, words in IKE_WORDS.items()
        if name in facts
    ]
    if others:
        yield row("features", Words(others, ", "))


def _said(fact: Fact) -> str:
    value = printable(fact.value or "", limit=NAME_LIMIT)
    return f"{fact.verdict} ({value})" if value else fact.verdict.value


def _transforms(
    facts: Mapping[str, Fact], kind: TransformType, *, verbose: bool
) -> Iterator[SafeText]:
    """The accepted ones; then whether some are not known."""
    found = [(one, facts[one.fact].verdict) for one in TRANSFORMS[kind] if one.fact in facts]
    for one, verdict in found:
        if verdict is Verdict.YES or (verbose and verdict is Verdict.NO):
            is_weak = one.is_weak and verdict is Verdict.YES
            yield SafeText(one.name, style="red" if is_weak else _STYLES[verdict])
    unknown = sum(verdict is Verdict.UNKNOWN for _, verdict in found)
    if unknown:
        yield SafeText(f"{unknown} unknown", style=_STYLES[Verdict.UNKNOWN])
    elif found and not verbose and all(verdict is Verdict.NO for _, verdict in found):
        yield SafeText("none", style=_STYLES[Verdict.NO])


def _names(value: str) -> Words:
    return Words([SafeText(name) for name in printable(value, limit=1_024).split(",")])
