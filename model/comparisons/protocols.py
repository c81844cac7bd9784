"""Comparison of protocol versions, and of the suites, groups and signature schemes of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from model.comparisons.difference import Difference, appeared, changed, listed, spoken, vanished
from model.observation import AcceptedSet, Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Preference, Verdict


def compare_protocols(before: Observation, after: Observation) -> Iterator[Difference]:
    """Versions that were proved refused and are accepted now, and the reverse."""
    for version in sorted(before.protocols.keys() & after.protocols.keys()):
        verdicts = (before.protocols[version].verdict, after.protocols[version].verdict)
        fact = f"protocols.{version.label}"
        if verdicts == (Verdict.NO, Verdict.YES):
            yield appeared(fact, "yes", f"{spoken(version)} appeared")
        elif verdicts == (Verdict.YES, Verdict.NO):
            yield vanished(fact, "yes", f"{spoken(version)} vanished")


def compare_sets(
    before: Observation, after: Observation, *, section: str, noun: str
) -> Iterator[Difference]:
    """Changes in what a section's versions accept, for versions accepted both before and after."""
    sets_before: Mapping[ProtocolVersion, AcceptedSet] = getattr(before, section)
    sets_after: Mapping[ProtocolVersion, AcceptedSet] = getattr(after, section)
    for version in sorted(sets_before.keys() & sets_after.keys()):
        if _is_refused(before, version) or _is_refused(after, version):
            continue
        fact, where = f"{section}.{version.label}", f"{spoken(version)} {noun}"
        yield from _compare_set(fact, where, sets_before[version], sets_after[version])


def _is_refused(observation: Observation, version: ProtocolVersion) -> bool:
    fact = observation.protocols.get(version)
    return fact is not None and fact.verdict is Verdict.NO


def _compare_set(
    fact: str, where: str, before: AcceptedSet, after: AcceptedSet
) -> Iterator[Difference]:
    known_before, known_after = set(before.accepted), set(after.accepted)
    new = [name for name in after.accepted if name not in known_before]
    gone = [name for name in before.accepted if name not in known_after]
    if new and before.complete:
        yield appeared(fact, ", ".join(new), _sentence(where, new, "appeared"))
    if gone and after.complete:
        yield vanished(fact, ", ".join(gone), _sentence(where, gone, "vanished"))
    preferences = (before.preference, after.preference)
    if Preference.UNKNOWN not in preferences and before.preference is not after.preference:
        yield changed(
            f"{fact}.preference",
            before.preference.value,
            after.preference.value,
            f"the {after.preference.value}'s {where} order takes precedence now",
        )
    elif preferences == (Preference.SERVER, Preference.SERVER):
        order_before = [name for name in before.accepted if name in known_after]
        order_after = [name for name in after.accepted if name in known_before]
        if order_before != order_after:
            yield changed(
                f"{fact}.order",
                ", ".join(order_before),
                ", ".join(order_after),
                f"{where} order changed: {order_after[0]} comes first"
                if order_before[0] != order_after[0]
                else f"{where} order changed",
            )


def _sentence(where: str, names: list[str], what: str) -> str:
    plural = "" if len(names) == 1 else "s"
    return f"{where}{plural} {what}: {listed(names)}"
