"""The hard cases as behaviours: what each server does with a connection, by name.

The docstring names the device or product that is known for it, if there is one.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from typing import TypeAlias

from tests.probe.programmable import wire
from tests.probe.programmable.server import Behaviour, Connection, answer
from tests.probe.programmable.server_model import ServerModel, Then

Rewrite: TypeAlias = Callable[[bytes], bytes]

TEN_MEGABYTES = 10 * 1000 * 1000
PIECE = 64 * 1024
HTTP_ANSWER = (
    b"HTTP/1.1 400 Bad Request\r\nServer: nginx\r\nConnection: close\r\n\r\n"
    b"<html><title>400 The plain HTTP request was sent to HTTPS port</title></html>\r\n"
)

# --- servers that do not speak TLS ------------------------------------------------------------


async def closes_at_once(connection: Connection) -> None:
    """An access list that drops strangers, TCP wrappers."""


async def closes_after_the_hello(connection: Connection) -> None:
    await connection.receive()


async def resets_at_once(connection: Connection) -> None:
    connection.reset()


async def resets_after_the_hello(connection: Connection) -> None:
    await connection.receive()
    connection.reset()


async def says_nothing(connection: Connection) -> None:
    """A tarpit, or a server that waits for its own protocol."""
    await connection.until_closed()


async def answers_in_http(connection: Connection) -> None:
    """Any web server on the wrong port."""
    await connection.receive()
    await connection.send(HTTP_ANSWER)


async def greets_as_ssh(connection: Connection) -> None:
    await connection.send(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n")
    await connection.until_closed()


async def greets_as_smtp(connection: Connection) -> None:
    await connection.send(b"220 mail.zoo.test ESMTP Postfix\r\n")
    await connection.receive()
    await connection.send(b"502 5.5.2 Error: command not recognized\r\n")
    await connection.until_closed()


async def sends_garbage(connection: Connection) -> None:
    """10 MB of bytes that do not form a record."""
    dice = random.Random(connection.number)
    for _ in range(TEN_MEGABYTES // PIECE):
        await connection.send(b"\xff" + dice.randbytes(PIECE - 1))


async def sends_application_data(connection: Connection) -> None:
    """10 MB of well-formed records of types with which no handshake begins."""
    one = wire.record(23, wire.TLSV1_2, bytes(16384))
    for _ in range(TEN_MEGABYTES // len(one)):
        await connection.send(one)


async def refuses_with_an_alert(connection: Connection) -> None:
    await connection.receive()
    await connection.send(wire.alert(wire.FATAL, wire.HANDSHAKE_FAILURE))


async def refuses_with_close_notify(connection: Connection) -> None:
    """CloudFront: a warning instead of a refusal."""
    await connection.receive()
    await connection.send(wire.alert(wire.WARNING, wire.CLOSE_NOTIFY))


def drips(model: ServerModel, *, seconds_between_bytes: float) -> Behaviour:
    """A correct answer that is never complete: each byte arrives before the timeout for the next."""

    async def behave(connection: Connection) -> None:
        reply = model.reply(await connection.receive())
        assert reply is not None, "a first hello is small enough to come in one piece"
        for byte in reply.sent:
            await connection.send(bytes([byte]))
            await asyncio.sleep(seconds_between_bytes)

    return behave


# --- servers that speak TLS with peculiarities ------------------------------------------------


def rewrites(model: ServerModel, rewrite: Rewrite) -> Behaviour:
    """A model whose every answer is changed by ``rewrite`` before it is sent."""

    async def behave(connection: Connection) -> None:
        received = b""
        while (reply := model.reply(received)) is None:
            some = await connection.receive()
            if not some:
                return
            received += some
        await connection.send(rewrite(reply.sent))
        if reply.then is Then.WAIT:
            await connection.until_closed()

    return behave


def in_one_byte_records(sent: bytes) -> bytes:
    """Each byte of a handshake message in a record of its own; alerts as they are."""
    version, messages = _handshake_of(sent)
    return wire.records(version, messages, fragment_bytes=1) if messages else sent


def one_record_for_each_message(sent: bytes) -> bytes:
    """Each handshake message in a record of its own (the models put all in one)."""
    version, messages = _handshake_of(sent)
    return b"".join(wire.records(version, message) for message in _messages(messages)) or sent


def after_a_warning(sent: bytes) -> bytes:
    """Java and Apache: a warning says that the name is unrecognized, and the handshake continues."""
    _, messages = _handshake_of(sent)
    return wire.alert(wire.WARNING, wire.UNRECOGNIZED_NAME) + sent if messages else sent


def stalls_after(count: int) -> Rewrite:
    """Only the first ``count`` messages of a flight."""

    def rewrite(sent: bytes) -> bytes:
        version, messages = _handshake_of(sent)
        return wire.records(version, b"".join(_messages(messages)[:count])) if messages else sent

    return rewrite


def endless_certificate(sent: bytes) -> bytes:
    """A ServerHello, then a certificate of 10 MB."""
    version, messages = _handshake_of(sent)
    if not messages:
        return sent
    return wire.records(version, _messages(messages)[0] + wire.certificate(bytes(TEN_MEGABYTES)))


def with_chain(next_chain: Callable[[], tuple[bytes, ...]]) -> Rewrite:
    """A flight with other certificates, requested again for each flight."""

    def rewrite(sent: bytes) -> bytes:
        version, messages = _handshake_of(sent)
        shown = [
            wire.certificate(*next_chain()) if message[0] == 11 else message
            for message in _messages(messages)
        ]
        return wire.records(version, b"".join(shown)) if messages else sent

    return rewrite


def unparsable_certificate(sent: bytes) -> bytes:
    """A flight with an invalid DER certificate."""
    version, messages = _handshake_of(sent)
    spoiled = [
        wire.certificate(b"\x30\x82\xff\xffnot a certificate") if message[0] == 11 else message
        for message in _messages(messages)
    ]
    return wire.records(version, b"".join(spoiled)) if messages else sent


def always_chooses(version: int, suite: int) -> Behaviour:
    """Answers every hello with one version and one suite, whatever was offered (yaSSL #793)."""

    async def behave(connection: Connection) -> None:
        await connection.receive()
        messages = (
            wire.server_hello(version, suite, extensions=[]),
            wire.certificate(wire.self_signed_certificate()),
            wire.server_key_exchange(version, wire.SECP256R1, wire.public_point(wire.SECP256R1)),
            wire.server_hello_done(),
        )
        await connection.send(wire.records(version, b"".join(messages)))
        await connection.until_closed()

    return behave


def retries_forever(model: ServerModel) -> Behaviour:
    """A HelloRetryRequest to every hello, including the second and third."""

    async def behave(connection: Connection) -> None:
        received = await connection.receive()
        while received:
            reply = model.reply(received)
            await connection.send(reply.sent if reply else b"")
            received = await connection.receive()

    return behave


def resets_above(limit: int, model: ServerModel) -> Behaviour:
    """A load balancer with a limit on simultaneous connections."""

    async def behave(connection: Connection) -> None:
        if connection.open_now() > limit:
            connection.reset()
            return
        await _answer_and_wait(connection, model)

    return behave


def silent_after(connections: int, model: ServerModel) -> Behaviour:
    """A rate limit that starts in the middle of a visit."""

    async def behave(connection: Connection) -> None:
        if connection.number > connections:
            await connection.until_closed()
        else:
            await _answer_and_wait(connection, model)

    return behave


async def _answer_and_wait(connection: Connection, model: ServerModel) -> None:
    reply = await answer(connection, model)
    if reply.then is Then.WAIT:
        await connection.until_closed()


def _handshake_of(sent: bytes) -> tuple[int, bytes]:
    """The record version and the messages in handshake records; none for other records."""
    version, messages = 0, b""
    while sent and sent[0] == wire.HANDSHAKE:
        version, length = int.from_bytes(sent[1:3], "big"), int.from_bytes(sent[3:5], "big")
        messages += sent[5 : 5 + length]
        sent = sent[5 + length :]
    return version, messages


def _messages(block: bytes) -> list[bytes]:
    found = []
    while block:
        end = 4 + int.from_bytes(block[1:4], "big")
        found.append(block[:end])
        block = block[end:]
    return found
