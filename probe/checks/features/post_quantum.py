"""Does a handshake finish with a post-quantum group?

A HelloRetryRequest names a group before either side computes a key, so it proves nothing about the group
itself. For each post-quantum group that the server names, one handshake sends a real share in the first
hello: the first time next to a share of X25519, as browsers do.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from model.frozen import frozen
from model.observation import AcceptedSet
from model.protocol_version import ProtocolVersion
from model.registry import NAMED_GROUPS
from model.verdict import Evidence, Fact, Preference, Verdict
from probe.checks.confirmed_handshake import confirm
from probe.checks.prober import Prober, side_by_side
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.handshake import Handshake

POST_QUANTUM: Final = "post_quantum_handshake"

_TLSV1_3: Final = ProtocolVersion.TLSV1_3
_WITH_IT: Final = "x25519"
_MADE: Final = frozenset(
    {
        *("X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024", "curveSM2MLKEM768"),
        *("MLKEM512", "MLKEM768", "MLKEM1024"),
    }
)
"""The groups in which OpenSSL makes shares; drafts of Kyber are withdrawn (RFC 10024)."""

_POST_QUANTUM: Final = frozenset(group.name for group in NAMED_GROUPS if group.post_quantum)


@frozen
class _Attempt:
    """A handshake with one group; ``is_proof`` is true if it failed for certain."""

    group: str
    handshake: Handshake
    is_proof: bool

    @property
    def verdict(self) -> Verdict:
        if self.handshake.group == self.group:
            return Verdict.YES
        return Verdict.NO if self.is_proof else Verdict.UNKNOWN


async def check_post_quantum(prober: Prober, facts: VisitFacts) -> None:
    """Fills the feature ``post_quantum_handshake`` if the server's groups at TLS 1.3 were asked for."""
    found = facts.groups.get(_TLSV1_3)
    if found is None:
        return
    named = [name for name in found.accepted if name in _POST_QUANTUM]
    if not named:
        facts.features[POST_QUANTUM] = _without_group(found)
        return
    made = [name for name in named if name in _MADE]
    if not made:
        note = f"{', '.join(named)}: no share of it can be made here"
        facts.features[POST_QUANTUM] = Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(note=note))
        return
    facts.features[POST_QUANTUM] = _judge(
        await side_by_side(*(_try(prober, facts, found, name) for name in made))
    )


def _without_group(found: AcceptedSet) -> Fact:
    verdict = Verdict.NO if found.complete else Verdict.UNKNOWN
    note = "no post-quantum group is accepted" if found.complete else "not known: every group"
    refusal = found.refusal or Evidence()
    return Fact(verdict=verdict, evidence=replace(refusal, note=note))


async def _try(prober: Prober, facts: VisitFacts, found: AcceptedSet, name: str) -> _Attempt:
    """A handshake with a share of this group and, if the server prefers the group, one of X25519."""
    groups = (name, _WITH_IT) if _is_chosen(found, name) else (name,)
    offer = replace(facts.usual_handshake(_TLSV1_3), groups=groups, key_shares=len(groups))
    handshake, is_proof = await confirm(prober, await prober.handshake(offer))
    if handshake.group == _WITH_IT:
        alone = replace(offer, groups=(name,), key_shares=1)
        handshake, is_proof = await confirm(prober, await prober.handshake(alone))
    return _Attempt(group=name, handshake=handshake, is_proof=is_proof)


def _is_chosen(found: AcceptedSet, name: str) -> bool:
    """Whether the server chooses the group if a client offers it before X25519."""
    if len(found.accepted) == 1 or found.preference is Preference.CLIENT:
        return True
    return found.preference is Preference.SERVER and found.accepted[0] == name


def _judge(attempts: list[_Attempt]) -> Fact:
    """Yes if any handshake finished, no if all are proved to fail; the value names the groups of those that finished."""
    finished = [one for one in attempts if one.verdict is Verdict.YES]
    unknown = [one for one in attempts if one.verdict is Verdict.UNKNOWN]
    shown = (finished or unknown or attempts)[0]
    note = "; ".join(f"{one.group}: {one.handshake.note}" for one in attempts)
    value = ",".join(one.group for one in finished) or None
    return shown.handshake.fact(shown.verdict, note, value)
