"""Which cipher suites does each accepted version take, and whose order decides?

By strike-out over every suite of the registry, whole or in parts where the server needs short
hellos. At TLS 1.3 the groups of HelloRetryRequest are struck out beside the suites, and one
reversed Offer asks for both preferences.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from model.observation import AcceptedSet
from model.protocol_version import ProtocolVersion
from model.registry import cipher_suite_name, named_group_name
from model.verdict import Preference
from probe.checks.candidates import suites_in_parts
from probe.checks.interview import Interview, side_by_side
from probe.checks.learnt import Learnt
from probe.checks.preference import (
    preference_by_order,
    preference_by_reversal,
    reversed_suites,
)
from probe.checks.strike_out import Pick, Struck, picked_cipher_suite, picked_group, strike_out
from probe.tls.exchange import Exchange
from probe.tls.offer import TLS13_GROUPS, offer


async def learn_cipher_suites(interview: Interview, learnt: Learnt) -> None:
    """Fills ``cipher_suites`` of every accepted version, and ``groups`` of TLS 1.3."""
    await side_by_side(*(_learn_at(interview, learnt, version) for version in learnt.spoken))


async def _learn_at(interview: Interview, learnt: Learnt, version: ProtocolVersion) -> None:
    if version is ProtocolVersion.TLSV1_3:
        await _learn_tls13(interview, learnt)
        return
    suites = await _strike_suites(interview, learnt, version)
    preference = suites.preference
    if preference is Preference.UNKNOWN and len(suites.order) > 1:
        backwards = reversed_suites(suites.order)
        answer = await interview.ask(offer(version, backwards, learnt.shape_at(version)))
        pick = picked_cipher_suite(answer)
        preference = preference_by_reversal(suites.order, backwards, pick)
    learnt.cipher_suites[version] = suites.accepted_set(preference, cipher_suite_name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Enumerated:
    """All picks, in the server's order where it has one, and the word that ends the search."""

    picks: tuple[Pick, ...]
    last: Exchange
    is_complete: bool
    preference: Preference

    @property
    def order(self) -> tuple[int, ...]:
        return tuple(pick.code_point for pick in self.picks)

    def accepted_set(self, preference: Preference, name: Callable[[int], str]) -> AcceptedSet:
        """The facts, with each name's proof."""
        return AcceptedSet(
            accepted=tuple(name(pick.code_point) for pick in self.picks),
            complete=self.is_complete,
            preference=preference,
            evidence={name(pick.code_point): pick.exchange.evidence() for pick in self.picks},
            refusal=self.last.evidence(),
        )


def _enumerated(struck: Struck, offered: tuple[int, ...]) -> _Enumerated:
    order = [pick.code_point for pick in struck.picks]
    return _Enumerated(
        picks=struck.picks,
        last=struck.last,
        is_complete=struck.is_complete,
        preference=preference_by_order(order, offered),
    )


async def _strike_suites(
    interview: Interview, learnt: Learnt, version: ProtocolVersion
) -> _Enumerated:
    first, shape = learnt.spoken[version], learnt.shape_at(version)

    async def ask(suites: tuple[int, ...]) -> Exchange:
        return await interview.ask(offer(version, suites, shape))

    parts = tuple(suites_in_parts(version, shape.most_cipher_suites))
    struck = await side_by_side(
        *(
            strike_out(
                ask, picked_cipher_suite, part, first if first.offer.cipher_suites == part else None
            )
            for part in parts
        )
    )
    if len(parts) == 1:
        return _enumerated(struck[0], parts[0])
    return await _in_one_order(ask, struck)


async def _in_one_order(
    ask: Callable[[tuple[int, ...]], Awaitable[Exchange]], struck: list[Struck]
) -> _Enumerated:
    """The picks of all parts, put into the server's order by striking them out once more."""
    picks = [pick for part in struck for pick in part.picks]
    unproved = [part.last for part in struck if not part.is_complete]
    accepted = tuple(pick.code_point for pick in picks)
    if accepted:
        again = await strike_out(ask, picked_cipher_suite, accepted)
        if len(again.picks) == len(picks):
            picks = list(again.picks)
    return _Enumerated(
        picks=tuple(picks),
        last=(unproved or [struck[-1].last])[0],
        is_complete=not unproved,
        preference=preference_by_order([pick.code_point for pick in picks], accepted),
    )


async def _learn_tls13(interview: Interview, learnt: Learnt) -> None:
    version = ProtocolVersion.TLSV1_3
    shape = learnt.shape_at(version)
    all_suites = next(suites_in_parts(version))

    async def ask_groups(groups: tuple[int, ...]) -> Exchange:
        return await interview.ask(offer(version, all_suites, shape, groups))

    async def strike_groups() -> _Enumerated:
        first = learnt.spoken[version]
        struck = await strike_out(ask_groups, picked_group, TLS13_GROUPS, first)
        return _enumerated(struck, TLS13_GROUPS)

    suites, groups = await side_by_side(_strike_suites(interview, learnt, version), strike_groups())
    suites_preference, groups_preference = suites.preference, groups.preference
    if _is_open(suites) or _is_open(groups):
        backward_suites = reversed_suites(suites.order) if suites.order else all_suites
        backward_groups = tuple(reversed(groups.order)) or TLS13_GROUPS
        answer = await interview.ask(offer(version, backward_suites, shape, backward_groups))
        if _is_open(suites):
            suites_preference = preference_by_reversal(
                suites.order, backward_suites, picked_cipher_suite(answer)
            )
        if _is_open(groups):
            groups_preference = preference_by_reversal(
                groups.order, backward_groups, picked_group(answer)
            )
    learnt.cipher_suites[version] = suites.accepted_set(suites_preference, cipher_suite_name)
    learnt.groups[version] = groups.accepted_set(groups_preference, named_group_name)


def _is_open(found: _Enumerated) -> bool:
    """Whether the preference is still to be asked."""
    return len(found.picks) > 1 and found.preference is Preference.UNKNOWN
