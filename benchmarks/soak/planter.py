"""Changes the servers of the soak, each only between two of its visits, so that a visit sees one state of its server.

The service's log shows when a visit has ended; the next one to that server begins most of an interval later. A server
changes again only after two visits that found it as it is, so that no change hides another.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Final

from benchmarks.soak.fleet import Member
from model.observation import State

_MOST_OUTAGES: Final = 2
"""Per server: at the third one the service rightly reports that the endpoint flaps, and no single change."""

_VISITS_BEFORE_THE_NEXT: Final = 2


@dataclass(slots=True)
class _Turn:
    member: Member
    number: int
    visits: int = 0
    """Visits that found the server as it is."""
    wanted: int = _VISITS_BEFORE_THE_NEXT


class Planter:
    """Plants after each server's 2 to ``2 * mean_visits`` visits, until ``stop``.

    ``settled`` is set once two visits after that have found every server as it is, and none is down.
    The ``seed`` makes a run repeatable.
    """

    def __init__(self, members: Iterable[Member], mean_visits: int, seed: int) -> None:
        self._random = Random(seed)
        self._mean_visits = mean_visits
        self._turns: Mapping[str, _Turn] = {
            member.address: _Turn(member, number=place) for place, member in enumerate(members)
        }
        self._is_stopped = False
        self.settled = asyncio.Event()

    def stop(self) -> None:
        """Plants nothing more, except that servers return."""
        self._is_stopped = True

    async def visited(self, address: str, state: str, *, may_plant: bool) -> None:
        """A visit to ``address`` has ended; without ``may_plant`` the next one may have begun."""
        turn = self._turns[address]
        expected = State.TLS if turn.member.is_up else State.REFUSED
        turn.visits += state == expected
        is_over = self._is_stopped and turn.member.is_up
        if may_plant and turn.visits >= turn.wanted and not is_over:
            await self._plant(turn)
            turn.visits = 0
            turn.wanted = _VISITS_BEFORE_THE_NEXT
            if turn.member.is_up:
                turn.wanted = self._random.randint(_VISITS_BEFORE_THE_NEXT, 2 * self._mean_visits)
        if self._is_stopped and all(map(_has_settled, self._turns.values())):
            self.settled.set()

    async def _plant(self, turn: _Turn) -> None:
        """The three kinds in turn; neighbours begin with different ones. A server that is down returns."""
        member, kind = turn.member, turn.number % 3
        if not member.is_up:
            await member.come_back()
            return
        turn.number += 1
        if kind == 0:
            await member.renew()
        elif kind == 1:
            await member.change_versions()
        elif member.outages < _MOST_OUTAGES:
            await member.fail()
        else:
            await member.renew()


def _has_settled(turn: _Turn) -> bool:
    return turn.member.is_up and turn.visits >= _VISITS_BEFORE_THE_NEXT
