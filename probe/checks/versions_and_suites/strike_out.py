"""Offers all names, removes what the server picks, and offers the rest until the server refuses.

k accepted names cost k + 1 questions, and the last refusal proves that there is no other name. A name may be
a cipher suite or a named group. The search also learns whose order decides: once, the picks are offered again
after the rest, which costs nothing if the client's order decides.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from model.observation import AcceptedSet
from model.protocol_version import ProtocolVersion
from model.verdict import Preference, UnknownCause
from probe.dialogue.exchange import Exchange
from probe.dialogue.preference import (
    SuiteChoice,
    is_chacha20,
    preference_shown,
    reversed_order,
    with_chacha20_last,
)

UNASSIGNED: Final = 0x0A0A
"""A GREASE value (RFC 8701), for suites and groups: a server that picks it accepts anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """One name that the server chose, and the exchange that shows it."""

    code_point: int
    exchange: Exchange


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """The server's picks in the order made; complete if ``last`` is a refusal.

    ``proves_end`` says why ``last`` proves that there is no other name although it is not a refusal. ``hides``
    says why no question can show whether there are others.
    """

    picks: tuple[Pick, ...]
    last: Exchange
    preference: Preference = Preference.UNKNOWN
    proves_end: str | None = None
    hides: str | None = None

    @property
    def is_complete(self) -> bool:
        """Whether all other names are proved not to be accepted."""
        return self.hides is None and (self.last.is_refusal or self.proves_end is not None)

    @property
    def order(self) -> tuple[int, ...]:
        """The code points in the order in which they were picked."""
        return tuple(pick.code_point for pick in self.picks)

    def accepted_set(self, name: Callable[[int], str]) -> AcceptedSet:
        """The facts with the proof of each name, in the server's order if it has one, else in the registry's."""
        picks = self.picks
        if self.preference is not Preference.SERVER:
            picks = tuple(sorted(picks, key=lambda pick: pick.code_point))
        return AcceptedSet(
            accepted=tuple(name(pick.code_point) for pick in picks),
            complete=self.is_complete,
            preference=self.preference,
            evidence={name(pick.code_point): pick.exchange.evidence() for pick in picks},
            cause=None if self.hides is None else UnknownCause.NO_HELLO_SHOWS,
            refusal=self.last.evidence(self.proves_end or self.hides),
        )


def merged(parts: Sequence[Struck]) -> Struck:
    """The picks of all parts, one part after the other; complete if each part is.

    The preference is that of the parts which show one, if they agree.
    """
    shown = {part.preference for part in parts} - {Preference.UNKNOWN}
    open_parts = [part for part in parts if not part.is_complete]
    end = (open_parts or list(parts))[0]
    return Struck(
        picks=tuple(pick for part in parts for pick in part.picks),
        last=end.last,
        preference=shown.pop() if len(shown) == 1 else Preference.UNKNOWN,
        proves_end=end.proves_end,
        hides=end.hides,
    )


@dataclass(slots=True, kw_only=True)
class _Search:
    """What is left to offer, and what the choices so far have shown."""

    left: tuple[int, ...]
    reprise_after: int
    has_reprised: bool = False
    picks: list[Pick] = field(default_factory=list)
    choices: list[SuiteChoice] = field(default_factory=list)

    @property
    def order(self) -> tuple[int, ...]:
        return tuple(pick.code_point for pick in self.picks)

    @property
    def preference(self) -> Preference:
        return preference_shown(self.choices, self.order)

    def chose(self, choice: SuiteChoice, exchange: Exchange) -> None:
        """Removes a pick at a lower version and does not count it: the server may have other names left for
        this version (nmap's ssl-enum-ciphers)."""
        is_new = choice.pick in self.left
        if is_new:
            at = self.left.index(choice.pick)
            self.left = self.left[:at] + self.left[at + 1 :]
        if exchange.version is exchange.offer.version:
            self.choices.append(choice)
            if is_new:
                self.picks.append(Pick(code_point=choice.pick, exchange=exchange))

    def next_offer(self) -> tuple[int, ...]:
        """The rest. Once, while it is open whose order decides, the rest is followed by the picks.

        The picks are not added after a pick of ChaCha20: ChaCha20 suites are always last, so a server that
        picks one before the rest has its own order, which the next picks will show.
        """
        is_time = len(self.picks) == self.reprise_after and not self.has_reprised
        if not is_time or not self.left or is_chacha20(self.order[-1]):
            return self.left or (UNASSIGNED,)
        if self.preference is Preference.UNKNOWN:
            self.has_reprised = True
            return with_chacha20_last((*self.left, *reversed(self.order)))
        return self.left


async def strike_out(
    ask: Callable[[tuple[int, ...]], Awaitable[Exchange]],
    picked: Callable[[Exchange], int | None],
    candidates: tuple[int, ...],
    first: Exchange | None = None,
    *,
    reprise_after: int = 2,
) -> Struck:
    """The picks among ``candidates``; ``first`` is the answer to all of them, if known.

    It stops at a pick that was not offered (yaSSL #793), because no answer of such a server about a list can
    be trusted. ``reprise_after`` is the number of picks that are offered again.
    """
    search = _Search(left=candidates, reprise_after=reprise_after)
    offered = candidates
    exchange = first or await ask(offered)
    while (pick := picked(exchange)) is not None and pick in offered and pick != UNASSIGNED:
        search.chose(SuiteChoice(offered=offered, pick=pick), exchange)
        offered = search.next_offer()
        exchange = await ask(offered)
    preference = search.preference
    if len(search.picks) > 1 and preference is Preference.UNKNOWN:
        await _ask_backwards(ask, picked, search)
        preference = search.preference
    return Struck(picks=tuple(search.picks), last=exchange, preference=preference)


async def _ask_backwards(
    ask: Callable[[tuple[int, ...]], Awaitable[Exchange]],
    picked: Callable[[Exchange], int | None],
    search: _Search,
) -> None:
    """Offers only the accepted names, in the reverse of the order proved so far."""
    backwards = reversed_order(search.order)
    pick = picked(await ask(backwards))
    if pick is not None and pick in backwards:
        search.choices.append(SuiteChoice(offered=backwards, pick=pick))


def picked_cipher_suite(exchange: Exchange) -> int | None:
    """The suite in the server's hello, if it sent one for a version that was offered."""
    return exchange.hello.cipher_suite if exchange.hello and exchange.version else None


def picked_group(exchange: Exchange) -> int | None:
    """The group that a TLS 1.3 server asks for or uses, if it sent a TLS 1.3 hello."""
    if exchange.hello is None or exchange.version is not ProtocolVersion.TLSV1_3:
        return None
    return exchange.hello.key_share_group
