"""A visit that breaks off no connection, to a server that counts those and then blocks this machine's address.

Each version that the last visit proved is asked for by a finished handshake, which a denied login ends. Such a
visit shows the certificates, and a version that is no longer accepted. It does not show what else became
accepted. All questions are asked again once the allowance is renewed (``pki.net_guard.connect_errors``).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any, Final

from model.observation import Mode, Observation, State
from model.protocol_version import ProtocolVersion
from model.section_kinds.accepted_sets import AcceptedSets
from model.section_kinds.client_auth import ClientAuths
from model.sections import SECTIONS
from model.verdict import Evidence, Fact, Verdict
from pki.net_guard.connect_errors import Allowance
from probe.checks.certificates.served_chains import check_served_chains
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.handshake import Handshake, HandshakeOffer

_LIKELY: Final = (ProtocolVersion.TLSV1_3, ProtocolVersion.TLSV1_2)
"""The versions to ask for if no earlier visit is known."""

_FINISHED: Final = (
    ProtocolVersion.TLSV1_0,
    ProtocolVersion.TLSV1_1,
    ProtocolVersion.TLSV1_2,
    ProtocolVersion.TLSV1_3,
)
"""The versions at which a handshake can be finished."""


def must_spare(allowance: Allowance | None, known: Observation | None) -> bool:
    """Whether the server must be spared in this visit; facts without an allowance were learned at its cost."""
    if allowance is None:
        return False
    if known is None or not _proved(known):
        return not allowance.may_enumerate
    if allowance.is_unknown:
        allowance.forgo()
    return not allowance.is_renewed


async def finish_known_versions(
    prober: Prober, facts: VisitFacts, known: Observation | None
) -> None:
    """Fills ``handshakes``, ``protocols`` and ``chains``. The first failure without a connection ends it."""
    for version in (known and _proved(known)) or _LIKELY:
        offer = HandshakeOffer(version=version, server_name=facts.inputs.server_name)
        handshake = await prober.handshake(offer)
        facts.handshakes.append(handshake)
        if handshake.failure is not None:
            break
        facts.protocols[version] = _fact(handshake)
    if facts.speaks_any:
        for version in facts.inputs.asked_versions:
            facts.protocols.setdefault(version, _NOT_ASKED)
    await check_served_chains(prober, facts)


def with_known_facts(seen: Observation, known: Observation | None) -> Observation:
    """``seen``, with everything that the last visit knew and this one did not ask.

    Facts of a version that is no longer proved are left out.
    """
    if known is None or seen.state is not State.TLS:
        return seen
    asked = {
        version: fact
        for version, fact in seen.protocols.items()
        if fact is not _NOT_ASKED and version in _proved(known)
    }
    lost = {version for version, fact in asked.items() if fact.verdict is not Verdict.YES}
    kept = {version: fact for version, fact in known.protocols.items() if version not in lost}
    leaves = {one.leaf.sha256 for one in known.certificates}
    is_new = any(one.leaf.sha256 not in leaves for one in seen.certificates)
    merged = replace(
        _without(known, lost),
        tool_version=seen.tool_version,
        mode=Mode.VERIFY,
        endpoint=seen.endpoint,
        started_at=seen.started_at,
        cost=seen.cost,
        protocols={**kept, **{version: asked[version] for version in lost}},
    )
    return replace(merged, certificates=seen.certificates) if is_new or lost else merged


def _proved(known: Observation) -> Sequence[ProtocolVersion]:
    """The accepted versions at which a handshake can be finished, newest first."""
    return [
        version
        for version in reversed(_FINISHED)
        if (fact := known.protocols.get(version)) and fact.verdict is Verdict.YES
    ]


def _fact(handshake: Handshake) -> Fact:
    if handshake.is_finished:
        return handshake.fact(Verdict.YES)
    return handshake.fact(Verdict.NO if handshake.is_declined else Verdict.UNKNOWN)


def _without(known: Observation, versions: Collection[ProtocolVersion]) -> Observation:
    """``known`` without what its sections list for these versions."""
    listed = [one for one in SECTIONS if isinstance(one.kind, AcceptedSets | ClientAuths)]
    left: dict[str, Any] = {
        section.name: {
            version: found
            for version, found in section.of(known).items()
            if version not in versions
        }
        for section in listed
    }
    return replace(known, **left)


_NOT_ASKED: Final = Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(note="not asked"))
