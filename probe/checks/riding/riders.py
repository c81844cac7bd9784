"""Questions that ride on the hellos of another one.

A series of questions about one list offers everything else in full, although the same answers could show more. A
rider changes another part of these hellos. Its answer counts only if the server sent its whole flight and chose
from everything that was offered. In any other case the hello is sent again without riders, and nothing rides on
the rest of the series. So each refusal answers a hello that asks one thing, and riders cost at most as many
questions as the series asks side by side.

Riders pass nothing on: the check to which the question belongs finds the answer among those of the visit
(``answers_to_riders``), and asks by itself what is missing there.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Sequence
from functools import partial
from typing import Any, Generic, Protocol, TypeVar

from model.frozen import frozen
from probe.checks.prober import Prober
from probe.dialogue.answer import RetryRequest, ServerFlight
from probe.dialogue.exchange import Exchange
from probe.dialogue.offer import NO_CHANGES, Change, Offer

Name = TypeVar("Name", int, str)


@frozen
class Aboard:
    """A hello with the question of a rider. ``note`` takes the whole flight that answers it; it returns false if the
    server chose nothing that was offered."""

    asked: Offer
    note: Callable[[Exchange], bool]


class Rider(Protocol):
    """One more question, or series of questions, for the hellos of a series."""

    def board(self, asked: Offer) -> Aboard | None:
        """The hello with the rider's next question; None if it has none now."""


class OnceRider(Rider):
    """A change of one hello, ``never_with`` an extension of that type; whatever its flight says is an answer."""

    def __init__(self, change: Change, *, never_with: int | None = None) -> None:
        self._change = change
        self._never_with = never_with
        self._has_boarded = False

    def board(self, asked: Offer) -> Aboard | None:
        """The changed hello, once."""
        others = {extension.code_point for extension in asked.changes.extensions}
        if self._has_boarded or self._never_with in others:
            return None
        self._has_boarded = True
        return Aboard(asked=self._change(asked), note=lambda _: True)


class ListRider(Rider, Generic[Name]):
    """A second list that is struck out by the hellos of a series.

    ``first`` is what the server chose from all ``names``, if known. ``usual`` is the order in which most servers
    choose from them: hellos that are sent side by side offer what is left after each guess. Without a guess the
    rider has no question, because the server would probably refuse. ``may_pick_none`` means that a flight without
    a choice ends the list, and is an answer too.
    """

    def __init__(
        self,
        names: Sequence[Name],
        usual: Sequence[Name],
        *,
        first: Name | None = None,
        offering: Callable[[tuple[Name, ...]], Change],
        picked: Callable[[Exchange], Name | None],
        may_pick_none: bool = False,
    ) -> None:
        self._left: tuple[Name, ...] = tuple(name for name in names if name != first)
        self._usual: tuple[Name, ...] = tuple(name for name in usual if name in names)
        self._offering: Callable[[tuple[Name, ...]], Change] = offering
        self._picked: Callable[[Exchange], Name | None] = picked
        self._may_pick_none = may_pick_none
        self._guesses: list[Name] = []
        self._answered = 0

    def board(self, asked: Offer) -> Aboard | None:
        """The hello with what is left of the list."""
        if self._answered == len(self._guesses):
            self._guesses, self._answered = [], 0
        offered = tuple(name for name in self._left if name not in self._guesses)
        guess = self._guess(offered)
        if guess is None:
            return None
        self._guesses.append(guess)
        return Aboard(asked=self._offering(offered)(asked), note=partial(self._note, offered))

    def _note(self, offered: tuple[Name, ...], flight: Exchange) -> bool:
        self._answered += 1
        pick = self._picked(flight)
        if pick is None and self._may_pick_none:
            self._left = ()
            return True
        self._left = tuple(name for name in self._left if name != pick)
        return pick in offered

    def _guess(self, offered: tuple[Name, ...]) -> Name | None:
        """The first of the usual names after those that were chosen."""
        chosen = [place for place, name in enumerate(self._usual) if name not in self._left]
        later = self._usual[chosen[-1] + 1 :] if chosen else self._usual
        return next((name for name in later if name in offered), None)


class Riders:
    """The riders of one series."""

    def __init__(self, *riders: Rider) -> None:
        self._riders = list(riders)

    def ask(
        self,
        prober: Prober,
        plain: Offer,
        is_choice: Callable[[Exchange], bool],
        *,
        is_chained: bool,
    ) -> Coroutine[Any, Any, Exchange]:
        """The answer to ``plain``, or to the same with riders.

        ``is_choice`` says whether a flight chose from what the series asks about. Riders board when this is called,
        not when it is awaited, so that hellos that are sent side by side depend on no answer.
        """
        asked = plain
        notes = []
        for rider in self._riders:
            aboard = rider.board(asked)
            if aboard is not None:
                asked = aboard.asked
                notes.append(aboard.note)
        if not notes:
            return prober.ask(plain, is_chained=is_chained)

        async def ask_together() -> Exchange:
            exchange = await prober.ask_once(asked, is_chained=is_chained)
            if _is_whole(exchange) and is_choice(exchange):
                answers = [note(exchange) for note in notes]
                if all(answers):
                    return exchange
            self._riders.clear()
            return await prober.ask(plain, is_chained=is_chained)

        return ask_together()


def answers_to_riders(prober: Prober, asked: Offer) -> Iterator[Exchange]:
    """The whole flights that answer ``asked`` too: hellos with its changes, and with no other suites or groups."""
    for exchange in prober.exchanges:
        other = exchange.offer
        is_alike = other.version is asked.version and other.shape == asked.shape
        if is_alike and _is_whole(exchange) and _includes(other, asked):
            yield exchange


def _includes(other: Offer, asked: Offer) -> bool:
    made, wanted = other.changes, asked.changes
    return (
        set(wanted.extensions) <= set(made.extensions)
        and wanted.compression_methods in {made.compression_methods, NO_CHANGES.compression_methods}
        and wanted.legacy_version in {made.legacy_version, None}
        and (wanted.without, wanted.session_id) == (made.without, made.session_id)
        and wanted.renegotiation_signal is made.renegotiation_signal
        and set(other.cipher_suites) <= set(asked.cipher_suites)
        and set(other.groups) <= set(asked.groups)
    )


def _is_whole(exchange: Exchange) -> bool:
    """A HelloRetryRequest is all that a server sends, and so is a ServerHello of TLS 1.3, as far as it is readable."""
    match exchange.answer:
        case ServerFlight() as flight:
            is_whole = flight.is_complete
        case RetryRequest():
            is_whole = True
        case _:
            return False
    return is_whole and exchange.version is exchange.offer.version
