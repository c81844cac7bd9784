"""The session with one IKE responder over UDP during one visit.

It asks one question at a time, each from a port of its own. There is one rule for lost datagrams: the last one is
sent again after half a second and after one and a half, unless an answer came. At most ``DATAGRAMS_PER_SECOND`` leave for one
address, those of all its visits together. An address that has not answered gets ``MOST_UNANSWERED`` questions in
the whole visit, whatever the checks ask, because it may not run IKE. One that has answered gets ``MOST_IN_A_ROW``
without an answer.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

from model.application_protocol import IKE
from pki.net_guard.opening import open_udp
from pki.net_guard.politeness import AddressGate
from probe.budget import VisitBudget
from probe.connect.datagram_session import DatagramEnd, DatagramSession
from probe.connect.dial import STRAIGHT_ONLY, no_udp_socket, over_budget
from probe.connect.pool import PAST_DEADLINE
from probe.connect.starttls.application import application
from probe.dialogue.answer import ConnectFailure, Ending, FailureKind
from probe.dialogue.before_tls.found_application import FoundApplication
from probe.dialogue.dialogue import Dialogue

DATAGRAMS_PER_SECOND: Final = 40
MOST_UNANSWERED: Final = 2
"""The question in IKEv2, and the one in IKEv1."""
MOST_IN_A_ROW: Final = 6
"""More than those in IKEv1, to which many responders are silent."""
_REPEATS_SECONDS: Final = (0.5, 1.5)
_LONGEST_WAIT_SECONDS: Final = 3.0
_LARGEST_DATAGRAM: Final = 16_384
_MOST_DATAGRAMS: Final = 32
_PORT: Final = 500
_NON_ESP_MARKER: Final = bytes(4)
"""Before each IKE message on every port but 500, where ESP arrives too (RFC 3948, section 2.2; RFC 7296, section 2.23)."""

_GIVEN_UP: Final = ConnectFailure(
    kind=FailureKind.SILENT, detail="not asked: the address answered none of the last questions"
)

Result = TypeVar("Result")

_NEXT_DATAGRAM: Final[WeakKeyDictionary[AddressGate, float]] = WeakKeyDictionary()
"""When the next datagram may leave for each address, in the event loop's time."""


class _Datagrams(DatagramEnd[Result]):
    """Passes the datagrams of one socket to a Dialogue."""

    def __init__(
        self, dialogue: Dialogue[Result], budget: VisitBudget, gate: AddressGate, marker: bytes
    ) -> None:
        super().__init__(budget)
        self._dialogue, self._gate, self._marker = dialogue, gate, marker
        self._loop = asyncio.get_running_loop()
        self._last = b""
        self.received = 0

    def send(self, message: bytes) -> None:
        """Sends a message as soon as the address may get another datagram."""
        self._last = message
        now = self._loop.time()
        at = max(now, _NEXT_DATAGRAM.get(self._gate, now))
        _NEXT_DATAGRAM[self._gate] = at + 1 / DATAGRAMS_PER_SECOND
        self._loop.call_at(at, self.put, self._marker + message)

    def repeat(self) -> None:
        """Sends the last message again if nothing came since."""
        if not self.result.done() and self._last:
            self.send(self._last)

    def datagram_received(self, data: bytes, addr: object) -> None:
        self._budget.bytes_received += len(data)
        self.received += 1
        if self.result.done():
            return
        if self._budget.exhausted is not None:
            self.settle(over_budget(self._budget.exhausted))
        elif self.received > _MOST_DATAGRAMS:
            self.settle(self._dialogue.end(Ending.CLOSED))
        elif len(data) <= _LARGEST_DATAGRAM and data.startswith(self._marker):
            with self._budget.step():
                self.settle(self._dialogue.feed(data[len(self._marker) :]))


class IkeSession(DatagramSession):
    """The datagrams of one visit to an IKE responder."""

    _has_answered = False
    _unanswered = 0

    async def find_application(self) -> FoundApplication:
        """Always IKE."""
        return (self._options.application or application(IKE)).found(self._options.peer)

    async def converse(
        self, dialogue: Dialogue[Result], patience_seconds: float | None = None
    ) -> Result | ConnectFailure:
        """The Dialogue's result; each piece of either side is one datagram."""
        return await self.converse_in_plaintext(dialogue, patience_seconds)

    async def converse_in_plaintext(
        self,
        dialogue: Dialogue[Result],
        patience_seconds: float | None = None,
        port: int | None = None,
    ) -> Result | ConnectFailure:
        """The same, also on another ``port``."""
        async with self._turn:
            return await self._carry(dialogue, patience_seconds, port or self._options.address[1])

    async def _carry(
        self, dialogue: Dialogue[Result], patience_seconds: float | None, port: int
    ) -> Result | ConnectFailure:
        if self._deadline.remaining_seconds <= 0:
            return PAST_DEADLINE
        if self.budget.exhausted is not None:
            return over_budget(self.budget.exhausted)
        route = self._options.route
        if route.missing is not None:
            return ConnectFailure(kind=FailureKind.UNREACHABLE, detail=route.missing)
        if route.proxy or route.proxy_protocol or route.unix_socket:
            return STRAIGHT_ONLY
        most = MOST_IN_A_ROW if self._has_answered else MOST_UNANSWERED
        if self._unanswered >= most:
            return _GIVEN_UP
        patience = min(
            self._patience.seconds(patient=True), patience_seconds or _LONGEST_WAIT_SECONDS
        )
        async with self._politeness.connection(self._gate):
            return await self._exchange_datagrams(dialogue, patience, port)

    async def _exchange_datagrams(
        self, dialogue: Dialogue[Result], patience_seconds: float, port: int
    ) -> Result | ConnectFailure:
        marker = b"" if port == _PORT else _NON_ESP_MARKER
        make = partial(_Datagrams[Result], dialogue, self.budget, self._gate, marker)
        place, source = (self._options.address[0], port), self._options.route.source_address
        try:
            transport, datagrams = await open_udp(
                self._options.route.gate, make, place, source_address=source
            )
        except OSError as error:
            return no_udp_socket(error)
        self.budget.connections += 1
        loop = asyncio.get_running_loop()
        repeats = [loop.call_later(wait, datagrams.repeat) for wait in _REPEATS_SECONDS]
        try:
            dialogue.begin(datagrams.send)
            async with asyncio.timeout(patience_seconds):
                return await datagrams.result
        except TimeoutError:
            return dialogue.end(Ending.SILENCE)
        finally:
            for one in repeats:
                one.cancel()
            transport.close()
            self._has_answered = self._has_answered or datagrams.received > 0
            self._unanswered = 0 if datagrams.received else self._unanswered + 1
