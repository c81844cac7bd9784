"""Does the server accept a cipher suite with a certain weakness, at any version that has one?

Yes needs one accepted suite. No needs the set of each version involved to be complete, or the version to be
refused. Anything less is unknown, and the note says what is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from model.frozen import frozen
from model.observation import AcceptedSet
from model.protocol_version import ProtocolVersion
from model.registry import CipherSuite, cipher_suite_by_name, cipher_suites_for
from model.verdict import Evidence, Fact, Verdict
from probe.checks.visit_facts import VisitFacts
from probe.checks.visit_inputs import ASKED_VERSIONS


@frozen
class SuiteFlaw:
    """A weakness of each suite for which ``is_in`` is true, at ``versions``."""

    name: str
    is_in: Callable[[CipherSuite], bool]
    versions: tuple[ProtocolVersion, ...] = ASKED_VERSIONS

    @property
    def involved(self) -> Iterator[ProtocolVersion]:
        """The versions that have any such suite to offer, the newest first."""
        for version in reversed(self.versions):
            if any(self.is_in(suite) for suite in cipher_suites_for(version)):
                yield version


def judge_by_suites(flaw: SuiteFlaw, facts: VisitFacts) -> Fact:
    """Whether ``flaw`` is in what the server accepts, with its proof."""
    involved = tuple(flaw.involved)
    found = [(name, version) for version in involved for name in flawed_names(flaw, facts, version)]
    if found:
        return Fact(verdict=Verdict.YES, evidence=_proof_of_first(found, facts))
    missing = [gap for version in involved if (gap := gap_in(facts, version)) is not None]
    if missing:
        return not_known(f"not known: {', '.join(missing)}")
    return Fact(verdict=Verdict.NO, evidence=_proof_of_none(involved, facts))


def flawed_names(flaw: SuiteFlaw, facts: VisitFacts, version: ProtocolVersion) -> Iterator[str]:
    """The suites with that flaw that ``version`` accepts."""
    for name in _accepted(facts, version):
        suite = cipher_suite_by_name(name)
        if suite is not None and flaw.is_in(suite):
            yield name


def _accepted(facts: VisitFacts, version: ProtocolVersion) -> tuple[str, ...]:
    found = facts.cipher_suites.get(version)
    return found.accepted if found is not None else ()


def gap_in(facts: VisitFacts, version: ProtocolVersion) -> str | None:
    """What is missing about ``version`` for a no; None if nothing is."""
    spoken = facts.protocols.get(version)
    if spoken is None or spoken.verdict is Verdict.UNKNOWN:
        return f"whether {version.label} is spoken"
    if spoken.verdict is Verdict.NO:
        return None
    found = facts.cipher_suites.get(version)
    if found is None or not found.complete:
        return f"every suite of {version.label}"
    nameless = [name for name in found.accepted if cipher_suite_by_name(name) is None]
    return f"what suite {nameless[0]} is" if nameless else None


def _proof_of_first(found: list[tuple[str, ProtocolVersion]], facts: VisitFacts) -> Evidence:
    name, version = found[0]
    proof = facts.cipher_suites[version].evidence.get(name, Evidence())
    more = f", and {len(found) - 1} more" if len(found) > 1 else ""
    note = f"{name} is accepted at {version.label}{more}"
    return replace(proof, note=note)


def _proof_of_none(involved: tuple[ProtocolVersion, ...], facts: VisitFacts) -> Evidence:
    """The refusal of such suites at the newest version that the server speaks, or of the newest version."""
    for version in involved:
        found: AcceptedSet | None = facts.cipher_suites.get(version)
        if found is not None and found.refusal is not None:
            note = f"no such suite is accepted: {version.label} refused all suites except the known ones"
            return replace(found.refusal, note=note)
    labels = ", ".join(version.label for version in reversed(involved))
    proof = facts.protocols[involved[0]].evidence or Evidence()
    return replace(proof, note=f"not spoken: {labels}")


def not_known(note: str) -> Fact:
    """Neither yes nor no, and why."""
    return Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(note=note))
