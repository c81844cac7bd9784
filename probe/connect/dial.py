"""One TCP connection, from dialling to close, with the Dialogues that it carries, all within a deadline.

The errors of sockets are translated here and nowhere else: refused, unreachable, reset, closed, silent.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from typing import Final, Generic, TypeVar, cast

from model.frozen import frozen
from pki.net_guard.gate import Purpose, SocketGate
from pki.net_guard.opening import DeniedError, open_tcp, open_unix
from pki.net_guard.shortage import note_shortage
from probe.budget import VisitBudget
from probe.dialogue.answer import ConnectFailure, Ending, FailureKind
from probe.dialogue.dialogue import Dialogue, Framing

Result = TypeVar("Result")

_MOST_EARLY_BYTES: Final = 2**14
"""How much is stored of what a server sends unasked; a greeting is shorter."""


STRAIGHT_ONLY: Final = ConnectFailure(
    kind=FailureKind.UNREACHABLE,
    detail="UDP cannot use a proxy, a PROXY protocol header or a Unix socket",
)
UDP_PORT_CLOSED: Final = "nothing listens on the UDP port (ICMP port unreachable)"


def no_udp_socket(error: OSError) -> ConnectFailure:
    """Why a socket could not be opened, which may be that the gate refuses it."""
    if isinstance(error, DeniedError):
        return ConnectFailure(kind=FailureKind.DENIED, detail=str(error))
    kind = FailureKind.EXHAUSTED if note_shortage(error) else FailureKind.UNREACHABLE
    reason = (error.strerror or str(error)).lower()
    return ConnectFailure(kind=kind, detail=f"no UDP socket: {reason}")


def over_budget(spent: str) -> ConnectFailure:
    """The answer to every question once the visit's budget is exhausted."""
    return ConnectFailure(
        kind=FailureKind.BUDGET, detail=f"the visit's budget of {spent} is used up"
    )


class _Talk(Generic[Result]):
    """A running Dialogue, and its result once there is one.

    Each of its steps draws on the visit's budget. Once that is exhausted, the Dialogue receives nothing more.
    """

    __slots__ = ("_budget", "_dialogue", "result")

    def __init__(
        self,
        dialogue: Dialogue[Result],
        result: asyncio.Future[Result | ConnectFailure],
        budget: VisitBudget,
    ) -> None:
        self._dialogue = dialogue
        self._budget = budget
        self.result = result

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the first bytes of the Dialogue."""
        if not self._is_over():
            with self._budget.step():
                self._dialogue.begin(send)

    def hear(self, received: bytes) -> bool:
        """Passes bytes to the Dialogue. Returns false once there is a result; later bytes are dropped."""
        if self._is_over():
            return False
        with self._budget.step():
            result = self._dialogue.feed(received)
        if result is not None:
            self.result.set_result(result)
        return True

    def finish(self, ending: Ending) -> None:
        """Ends the Dialogue: nothing more will come."""
        if not self._is_over():
            with self._budget.step():
                self.result.set_result(self._dialogue.end(ending))

    def _is_over(self) -> bool:
        spent = self._budget.exhausted
        if spent is not None and not self.result.done():
            self.result.set_result(over_budget(spent))
        return self.result.done()


class Connection(asyncio.Protocol):
    """An open connection. It carries one Dialogue after the other and may wait for each; bytes that arrive in
    between are stored for the next one."""

    def __init__(self, budget: VisitBudget) -> None:
        self._budget = budget
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._early = b""
        self._ending: Ending | None = None
        self._hear: Callable[[bytes], bool] | None = None
        self._finish: Callable[[Ending], None] | None = None
        self._closed: asyncio.Future[None] = self._loop.create_future()
        self.framing: Framing | None = None
        """The packets in which TLS continues; None if there are none."""
        self.has_answered = False
        """Whether the server answered just before TLS, over UDP: then its silence does not mean trouble."""

    @property
    def has_ended(self) -> bool:
        """Whether the server closed the connection."""
        return self._ending is not None

    async def carry(
        self, dialogue: Dialogue[Result], patience_seconds: float
    ) -> Result | ConnectFailure:
        """The Dialogue's result; after ``patience_seconds`` the Dialogue ends with silence.

        Returns a ConnectFailure instead if the visit's budget was used up first.
        """
        talk: _Talk[Result] = _Talk(dialogue, self._loop.create_future(), self._budget)
        self._hear, self._finish = talk.hear, talk.finish
        talk.begin(self.send)
        if self._early:
            early, self._early = self._early, b""
            talk.hear(early)
        if self._ending is not None:
            talk.finish(self._ending)
        patience = self._loop.call_later(max(0.0, patience_seconds), talk.finish, Ending.SILENCE)
        try:
            return await talk.result
        finally:
            patience.cancel()

    def framed(self, dialogue: Dialogue[Result]) -> Dialogue[Result]:
        """The Dialogue in the packets of this connection, if it has any."""
        return dialogue if self.framing is None else self.framing(dialogue)

    def unread(self, surplus: bytes) -> None:
        """Gives back bytes that a Dialogue received but did not use: the next one gets them first."""
        self._early = surplus + self._early

    async def close(self) -> None:
        """Closes at once and drops what the server still sends.

        Returns when the socket is closed, so that another connection may take its place.
        """
        if self._transport is not None:
            self._transport.abort()
            if not self._closed.done():
                await asyncio.shield(self._closed)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Counts the connection."""
        # A TCP transport is for reading and writing, though uvloop's does not inherit from asyncio's class.
        self._transport = cast(asyncio.Transport, transport)
        self._budget.connections += 1

    def data_received(self, received: bytes) -> None:
        """Counts the bytes and passes them on."""
        self._budget.bytes_received += len(received)
        self.pass_on(received)

    def pass_on(self, received: bytes) -> None:
        """Gives bytes to the Dialogue, or stores them for the next one."""
        if self._hear is None or not self._hear(received):
            if self._budget.exhausted is not None and self._transport is not None:
                self._transport.abort()
            self._early += received[: max(0, _MOST_EARLY_BYTES - len(self._early))]

    def eof_received(self) -> bool:
        """Ends the Dialogue: the server sends nothing more."""
        self._end(Ending.CLOSED)
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """An error here is a reset; no error is a close by the server or by us.

        A broken pipe is a close too: the server closed before we sent the hello.
        """
        is_closed = error is None or isinstance(error, BrokenPipeError)
        self._end(Ending.CLOSED if is_closed else Ending.RESET)
        if not self._closed.done():
            self._closed.set_result(None)

    @property
    def source(self) -> tuple[str, int]:
        """Our own address and port."""
        assert self._transport is not None  # noqa: S101 (nothing has it before it is made)
        address, port, *_ = self._transport.get_extra_info("sockname")
        return address, port

    def send(self, outgoing: bytes) -> None:
        """Sends bytes, counted, unless the connection is gone."""
        if outgoing and self._transport is not None and not self._transport.is_closing():
            self._budget.bytes_sent += len(outgoing)
            self._transport.write(outgoing)

    def fall_silent(self) -> None:
        """Ends the Dialogue as after its time-out; the connection stays open."""
        if self._finish is not None:
            self._finish(Ending.SILENCE)

    def _end(self, ending: Ending) -> None:
        self._ending = self._ending or ending
        if self._finish is not None:
            self._finish(self._ending)


@frozen
class DialAddress:
    """Where to dial: an address and port, or a Unix socket instead.

    ``source_address`` is the local address to connect from; None leaves it to the system. The ``gate``
    decides whether the address may be dialled for that ``purpose``. Only a proxy's ``address`` may be a name.
    """

    address: str
    port: int
    source_address: str | None = None
    unix_socket: Path | None = None
    gate: SocketGate = field(default_factory=SocketGate)
    purpose: Purpose = Purpose.PROBE

    async def connect(self, protocol: Connection) -> None:
        """Opens the connection; raises OSError, which includes DeniedError."""
        if self.unix_socket is not None:
            await open_unix(self.gate, lambda: protocol, self.unix_socket)
            return
        await open_tcp(
            self.gate,
            lambda: protocol,
            (self.address, self.port),
            source_address=self.source_address,
            purpose=self.purpose,
        )

    @property
    def label(self) -> str:
        """The address in a form for people."""
        return str(self.unix_socket) if self.unix_socket is not None else f"TCP port {self.port}"


async def dial(
    budget: VisitBudget, place: DialAddress, timeout_seconds: float
) -> Connection | ConnectFailure:
    """A connection, or the reason why there is none."""
    if budget.exhausted is not None:
        return over_budget(budget.exhausted)
    try:
        async with asyncio.timeout(timeout_seconds):
            connected = Connection(budget)
            await place.connect(connected)
    except DeniedError as denied:
        return ConnectFailure(kind=FailureKind.DENIED, detail=str(denied))
    except ConnectionRefusedError:
        return ConnectFailure(
            kind=FailureKind.REFUSED, detail=f"{place.label} refused the connection"
        )
    except ConnectionResetError:
        return ConnectFailure(
            kind=FailureKind.REFUSED, detail=f"{place.label} reset the connection at once"
        )
    except TimeoutError:
        return ConnectFailure(
            kind=FailureKind.UNREACHABLE,
            detail=f"no TCP connection within {timeout_seconds:.1f} s",
        )
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        if note_shortage(error) or error.errno == errno.EADDRNOTAVAIL:
            detail = f"this machine ran short of resources: {reason}"
            return ConnectFailure(kind=FailureKind.EXHAUSTED, detail=detail)
        return ConnectFailure(
            kind=FailureKind.UNREACHABLE, detail=f"no connection to {place.label}: {reason}"
        )
    return connected
