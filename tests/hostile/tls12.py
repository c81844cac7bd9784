"""The server's half of a TLS 1.2 handshake, up to the point where it turns hostile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias

from model.registry import CIPHER_SUITES
from tests.probe.programmable import wire
from tests.probe.programmable.client_hello import ClientHello, is_sslv2_hello, read_client_hello
from tests.probe.programmable.server import Behaviour, Connection

RSA_SUITES: Final = (0x009C, 0x002F, 0x003C, 0x0035, 0x000A)
ECDHE_SUITES: Final = (0xC02F, 0xC02B, 0xC013, 0xC009)
DHE_SUITES: Final = tuple(
    suite.code_point
    for suite in CIPHER_SUITES
    if (suite.key_exchange, suite.authentication) == ("DHE", "RSA")
)

Answer: TypeAlias = Callable[[Connection, ClientHello, int], Awaitable[None]]
"""The reply to a hello of TLS 1.2, given the chosen suite."""

Chain: TypeAlias = Callable[[], tuple[bytes, ...]]
"""Makes a chain of DER certificates, leaf first."""


async def hello_of(connection: Connection) -> ClientHello | None:
    """The client's hello; None if the client sends none, or one of SSL 2.0."""
    received = b""
    while some := await connection.receive():
        received += some
        if is_sslv2_hello(received) or received[0] != wire.HANDSHAKE:
            return None
        if hello := read_client_hello(received):
            return hello
    return None


def tls12(answer: Answer, *, suites: tuple[int, ...] = RSA_SUITES) -> Behaviour:
    """Refuses every hello except those of TLS 1.2 with one of the suites, which it answers with the reply."""

    async def behave(connection: Connection) -> None:
        hello = await hello_of(connection)
        if hello is None:
            return
        suite = next((one for one in suites if one in hello.cipher_suites), None)
        if wire.TLSV1_2 not in hello.versions:
            await connection.send(wire.alert(wire.FATAL, wire.PROTOCOL_VERSION))
        elif suite is None:
            await connection.send(wire.alert(wire.FATAL, wire.HANDSHAKE_FAILURE))
        else:
            await answer(connection, hello, suite)
            await connection.until_closed()

    return behave


def usual_flight(suite: int, *, chain: tuple[bytes, ...] = ()) -> list[bytes]:
    """ServerHello to ServerHelloDone, as an honest server sends them."""
    group = wire.SECP256R1
    exchange = [wire.server_key_exchange(wire.TLSV1_2, group, wire.public_point(group))]
    return [
        wire.server_hello(wire.TLSV1_2, suite, extensions=[]),
        wire.certificate(*(chain or (wire.self_signed_certificate(),))),
        *(exchange if suite in ECDHE_SUITES else ()),
        wire.server_hello_done(),
    ]


def in_records(*messages: bytes) -> bytes:
    """The messages in TLS 1.2 records of maximum length."""
    return wire.records(wire.TLSV1_2, b"".join(messages))


def shows(chain: Chain, *, suites: tuple[int, ...] = RSA_SUITES) -> Behaviour:
    """An honest flight with a new chain for each connection."""

    async def answer(connection: Connection, _: ClientHello, suite: int) -> None:
        await connection.send(in_records(*usual_flight(suite, chain=chain())))

    return tls12(answer, suites=suites)
