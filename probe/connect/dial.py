"""One TCP connection: dialled, given bytes, listened to, and closed; all within a deadline.

The errors of sockets are translated here and nowhere else: refused, unreachable, reset, closed,
silent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar, cast

from probe.tls.answer import Ending, NoConnection, Obstacle
from probe.tls.dialogue import Dialogue

Result = TypeVar("Result")


@dataclass(slots=True)
class Traffic:
    """What a visit has cost so far."""

    connections: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0


class Listener(asyncio.Protocol, Generic[Result]):
    """Feeds what arrives to a Dialogue until that gives a result, or the connection ends."""

    def __init__(self, traffic: Traffic, dialogue: Dialogue[Result]) -> None:
        self._traffic = traffic
        self._dialogue = dialogue
        self._transport: asyncio.Transport | None = None
        self._lost = asyncio.Event()
        self.result: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Counts the connection."""
        # TCP's is one for reading and writing, though uvloop's does not inherit from it.
        self._transport = cast(asyncio.Transport, transport)
        self._traffic.connections += 1

    def send(self, outgoing: bytes) -> None:
        """Sends bytes, counted, unless the connection is gone."""
        if outgoing and self._transport is not None and not self._transport.is_closing():
            self._traffic.bytes_sent += len(outgoing)
            self._transport.write(outgoing)

    def data_received(self, received: bytes) -> None:
        """Passes bytes on; what comes after the result is not looked at."""
        self._traffic.bytes_received += len(received)
        if not self.result.done():
            self._settle(self._dialogue.feed(received))

    def eof_received(self) -> bool:
        """The server has said all it had to say."""
        self._finish(Ending.CLOSED)
        return False

    def connection_lost(self, error: Exception | None) -> None:
        """An error here is a reset; none is a close that we or the server asked for.

        A broken pipe is a close too: the server had closed before it was sent the hello.
        """
        is_closed = error is None or isinstance(error, BrokenPipeError)
        self._finish(Ending.CLOSED if is_closed else Ending.RESET)
        self._lost.set()

    def time_out(self) -> None:
        """Nothing more came in time."""
        self._finish(Ending.SILENCE)

    async def close(self) -> None:
        """Hangs up at once: what the server still has to say was said for nothing.

        Returns when the socket is closed, so that its place may be given to another.
        """
        if self._transport is not None:
            self._transport.abort()
            await self._lost.wait()

    def _finish(self, ending: Ending) -> None:
        if not self.result.done():
            self._settle(self._dialogue.end(ending))

    def _settle(self, result: Result | None) -> None:
        if result is not None:
            self.result.set_result(result)


async def dial(
    listener: Callable[[], Listener[Result]], address: str, port: int, timeout_seconds: float
) -> Listener[Result] | NoConnection:
    """A connection to ``address``, or why there is none."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_seconds):
            _, connected = await loop.create_connection(listener, address, port)
    except ConnectionRefusedError:
        return NoConnection(
            obstacle=Obstacle.REFUSED, detail=f"TCP port {port} refused the connection"
        )
    except ConnectionResetError:
        return NoConnection(
            obstacle=Obstacle.REFUSED, detail=f"TCP port {port} reset the connection at once"
        )
    except TimeoutError:
        return NoConnection(
            obstacle=Obstacle.UNREACHABLE,
            detail=f"no TCP connection within {timeout_seconds:.1f} s",
        )
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return NoConnection(
            obstacle=Obstacle.UNREACHABLE, detail=f"no TCP connection to port {port}: {reason}"
        )
    return connected
