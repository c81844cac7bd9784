"""A front before a real server: it answers certain hellos itself and relays every other connection.

So a real stack finishes the handshakes, and one rule is added that no stack has as an option.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeAlias

from tests.probe.programmable.client_hello import (
    CHANGE_CIPHER_SPEC,
    HANDSHAKE_RECORD,
    ClientHello,
    read_client_hello,
)
from tests.probe.programmable.server import Behaviour, Connection
from tests.probe.programmable.server_model import Reply, Then
from tests.zoo.relay import pump

Rule: TypeAlias = Callable[[ClientHello], Reply | None]
"""The answer to a hello; None relays the connection. After a reply that waits, the next hello is asked about."""


def in_front_of(port: int, rule: Rule, to_others: Reply | None = None) -> Behaviour:
    """The behaviour of the real server at that port with the ``rule`` before it.

    What is not a hello of TLS, such as one of SSL 2.0, gets the reply ``to_others``, or is relayed.
    """

    async def behave(connection: Connection) -> None:
        received, reply = await _decide(connection, rule, to_others)
        while reply is not None and reply.then is Then.WAIT and reply.sent:
            await connection.send(reply.sent)
            received, reply = await _decide(connection, rule, to_others)
        if reply is None:
            await _relay(connection, received, port)
            return
        await connection.send(reply.sent)
        if reply.then is Then.RESET:
            connection.reset()
        elif reply.then is Then.WAIT:
            await connection.until_closed()

    return behave


async def _decide(
    connection: Connection, rule: Rule, to_others: Reply | None
) -> tuple[bytes, Reply | None]:
    """The bytes of the next hello, and the answer to it."""
    received = b""
    while some := await connection.receive():
        received += some
        if received[0] not in {HANDSHAKE_RECORD, CHANGE_CIPHER_SPEC[0]}:
            return received, to_others
        if (hello := read_client_hello(received)) is not None:
            return received, rule(hello)
    return received, Reply()


async def _relay(connection: Connection, received: bytes, port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(received)
        await asyncio.gather(pump(connection.reader, writer), pump(reader, connection.writer))
    finally:
        writer.close()
