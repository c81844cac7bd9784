"""Offers all names, removes what the server picks, and offers the rest until the server refuses.

k accepted names cost k + 1 questions, and the last refusal proves that there is no other name. A name may be
a cipher suite or a named group. The search also learns whose order decides: once, the picks are offered again
after the rest, which costs nothing if the client's order decides.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from itertools import islice
from typing import Any, Final, TypeAlias

from model.frozen import frozen
from model.observation import AcceptedSet
from model.protocol_version import ProtocolVersion
from model.verdict import Preference, UnknownCause
from probe.checks.prober import side_by_side
from probe.dialogue.exchange import Exchange
from probe.dialogue.preference import (
    SuiteChoice,
    is_chacha20,
    preference_shown,
    reversed_order,
    with_chacha20_last,
)

_MOST_AHEAD: Final = 2
"""How many questions are asked on guesses at once."""

UNASSIGNED: Final = 0x0A0A
"""A GREASE value (RFC 8701), for suites and groups: a server that picks it accepts anything."""


@frozen
class Pick:
    """One name that the server chose, and the exchange that shows it."""

    code_point: int
    exchange: Exchange


@frozen
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


def _without(names: tuple[int, ...], name: int) -> tuple[int, ...]:
    """The ``names`` without this one, which is among them once; most lists have hundreds of names."""
    at = names.index(name)
    return names[:at] + names[at + 1 :]


@frozen
class _Search:
    """What is left to offer, and what the choices so far have shown; ``order`` is what was picked."""

    left: tuple[int, ...]
    reprise_after: int
    has_reprised: bool = False
    order: tuple[int, ...] = ()
    choices: tuple[SuiteChoice, ...] = ()

    @property
    def preference(self) -> Preference:
        return preference_shown(self.choices, self.order)

    def after(self, choice: SuiteChoice, *, counts: bool = True) -> _Search:
        """The search after a choice. A pick at a lower version is removed and does not count: the server may
        have other names left for this version (nmap's ssl-enum-ciphers)."""
        is_new = choice.pick in self.left
        return _Search(
            left=_without(self.left, choice.pick) if is_new else self.left,
            reprise_after=self.reprise_after,
            has_reprised=self.has_reprised or not set(self.order).isdisjoint(choice.offered),
            order=(*self.order, choice.pick) if counts and is_new else self.order,
            choices=(*self.choices, choice) if counts else self.choices,
        )

    def next_offer(self) -> tuple[int, ...]:
        """The rest. Once, while it is open whose order decides, the rest is followed by the picks.

        The picks are not added after a pick of ChaCha20: ChaCha20 suites are always last, so a server that
        picks one before the rest has its own order, which the next picks will show.
        """
        is_time = len(self.order) == self.reprise_after and not self.has_reprised
        if not is_time or not self.left or is_chacha20(self.order[-1]):
            return self.left or (UNASSIGNED,)
        if self.preference is Preference.UNKNOWN:
            return with_chacha20_last((*self.left, *reversed(self.order)))
        return self.left


Ask: TypeAlias = Callable[[tuple[int, ...], bool], Coroutine[Any, Any, Exchange]]
"""Offers the names in that order; true if another question is likely to follow the answer."""

_Picked: TypeAlias = Callable[[Exchange], int | None]

Guess: TypeAlias = Callable[[tuple[int, ...], tuple[int, ...]], int | None]
"""The likely next pick, given the picks so far and what is offered next; None without a good guess."""


def no_guess(_: tuple[int, ...], __: tuple[int, ...]) -> int | None:
    """For lists whose order differs from server to server."""
    return None


def guess_by(usual: tuple[int, ...]) -> Guess:
    """Guesses that the server has the ``usual`` order."""

    def guess(order: tuple[int, ...], offered: tuple[int, ...]) -> int | None:
        if not order or order[-1] not in usual:
            return None
        later = usual[usual.index(order[-1]) + 1 :]
        return next((name for name in later if name in offered), None)

    return guess


@frozen
class Foresight:
    """What is known of a list in advance: the ``guess`` of the next pick; whether it ``is_long``, so that it continues
    even if there is no guess."""

    guess: Guess = no_guess
    is_long: bool = False


_NO_FORESIGHT: Final = Foresight()


class _AskingAhead:
    """Asks the next question of a search side by side with those that follow if the next picks are as guessed.

    It goes one guess further with each guess that was right. A wrong one costs the answers that came ahead of it,
    and ends the guessing.
    """

    def __init__(self, ask: Ask, picked: _Picked, foresight: Foresight) -> None:
        self._ask = ask
        self._picked = picked
        self._guess = foresight.guess
        self._is_long = foresight.is_long
        self._most_ahead = 1
        self._ahead: dict[tuple[int, ...], Exchange] = {}

    async def ask(self, search: _Search) -> Exchange:
        """The answer to the search's next offer."""
        offered = search.next_offer()
        if offered in self._ahead:
            return self._ahead.pop(offered)
        guesses = list(islice(self._guesses(search), self._most_ahead))
        has_more = 0 < self._most_ahead == len(guesses)
        if not guesses:
            return await self._ask(offered, self._is_long)
        offers = (offered, *(after.next_offer() for _, after in guesses))
        last = offers[-1]
        answers = await side_by_side(
            *(self._ask(one, has_more or (self._is_long and one is last)) for one in offers)
        )
        self._ahead = dict(zip(offers[1:], answers[1:], strict=True))
        picks = [self._picked(one) for one in answers[: len(guesses)]]
        are_right = picks == [pick for pick, _ in guesses]
        self._most_ahead = min(self._most_ahead + 1, _MOST_AHEAD) if are_right else 0
        return answers[0]

    def _guesses(self, search: _Search) -> Iterator[tuple[int, _Search]]:
        """Each pick that is likely after the one before it, and the search after it.

        There is no guess when picks are offered again: that question is asked because the order is not known.
        """
        offered = search.next_offer()
        while set(search.order).isdisjoint(offered):
            pick = self._guess(search.order, offered)
            if pick is None:
                return
            search = search.after(SuiteChoice(offered=offered, pick=pick))
            yield pick, search
            offered = search.next_offer()


async def strike_out(
    ask: Ask,
    picked: _Picked,
    candidates: tuple[int, ...],
    first: Exchange | None = None,
    *,
    reprise_after: int = 2,
    foresight: Foresight = _NO_FORESIGHT,
) -> Struck:
    """The picks among ``candidates``; ``first`` is the answer to all of them, if known.

    It stops at a pick that was not offered (yaSSL #793), because no answer of such a server about a list can
    be trusted. ``reprise_after`` is the number of picks that are offered again. With ``foresight``
    questions are asked side by side and connections opened ahead; this changes nothing that the answers prove.
    """
    search = _Search(left=candidates, reprise_after=reprise_after)
    asking = _AskingAhead(ask, picked, foresight)
    offered = candidates
    exchange = first or await ask(offered, foresight.is_long)
    proofs: dict[int, Exchange] = {}
    while (pick := picked(exchange)) is not None and pick in offered and pick != UNASSIGNED:
        counts = exchange.version is exchange.offer.version
        search = search.after(SuiteChoice(offered=offered, pick=pick), counts=counts)
        if pick in search.order:
            proofs.setdefault(pick, exchange)
        offered = search.next_offer()
        exchange = await asking.ask(search)
    preference = search.preference
    if len(search.order) > 1 and preference is Preference.UNKNOWN:
        backwards = reversed_order(search.order)
        search = await _after_asking(ask, picked, search, backwards)
        preference = search.preference
    picks = tuple(Pick(code_point=name, exchange=proofs[name]) for name in search.order)
    return Struck(picks=picks, last=exchange, preference=preference)


async def _after_asking(
    ask: Ask, picked: _Picked, search: _Search, offered: tuple[int, ...]
) -> _Search:
    """The search after one more question about accepted names only, such as the reverse of the order so far."""
    pick = picked(await ask(offered, False))
    if pick is None or pick not in offered:
        return search
    return search.after(SuiteChoice(offered=offered, pick=pick))


def picked_cipher_suite(exchange: Exchange) -> int | None:
    """The suite in the server's hello, if it sent one for a version that was offered."""
    return exchange.hello.cipher_suite if exchange.hello and exchange.version else None


def picked_group(exchange: Exchange) -> int | None:
    """The group that a TLS 1.3 server asks for or uses, if it sent a TLS 1.3 hello."""
    if exchange.hello is None or exchange.version is not ProtocolVersion.TLSV1_3:
        return None
    return exchange.hello.key_share_group
