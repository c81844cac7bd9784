"""Scripted servers for protocols without a package, and for faults that no server produces on demand."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import Sequence
from contextlib import suppress

from tests.probe.programmable.server import Behaviour, Connection, answer
from tests.probe.programmable.server_model import ServerModel, Then
from tests.zoo.certificates import Certificates

_TDS_HEADER = struct.Struct(">BBHHBB")
_PRELOGIN = bytes.fromhex("00000b0006 0100110001 ff 0c0007d00000")
_READ = 65536


def tls_context(
    certificates: Certificates, newest: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3
) -> ssl.SSLContext:
    """A server's context with the RSA chain, for TLS 1.2 and newer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = newest
    context.load_cert_chain(certificates.rsa.chain_file, certificates.rsa.key_file)
    return context


def says(*turns: tuple[bytes, bytes]) -> Behaviour:
    """Sends each answer after the bytes before it have arrived, and then nothing more."""

    async def behave(connection: Connection) -> None:
        for words, reply in turns:
            heard = b""
            while words not in heard:
                some = await connection.receive()
                if not some:
                    return
                heard += some
            await connection.send(reply)
        await connection.until_closed()

    return behave


def smtp_before(model: ServerModel, *, welcome: int = 1_000_000) -> Behaviour:
    """SMTP before a model's TLS; connections after the first ``welcome`` are turned away."""
    listed = b"250-mail.example\r\n250 STARTTLS\r\n"

    async def behave(connection: Connection) -> None:
        if connection.number > welcome:
            await connection.send(b"421 4.7.0 too many connections\r\n")
            return
        await connection.send(b"220 mail.example ESMTP\r\n")
        while (line := await connection.reader.readline()) and not line.startswith(b"STARTTLS"):
            await connection.send(listed if line.startswith(b"EHLO") else b"250 fine\r\n")
        if not line:
            return
        await connection.send(b"220 go\r\n")
        reply = await answer(connection, model)
        if reply.then is Then.WAIT:
            await connection.until_closed()

    return behave


def smtp_that_buffers_plaintext_commands(context: ssl.SSLContext) -> Behaviour:
    """SMTP that still reads its plaintext buffer after the TLS handshake (CVE-2011-0411)."""
    replies = {
        b"EHLO": b"250-mail.example\r\n250 STARTTLS\r\n",
        b"STAR": b"220 go\r\n",
        b"QUIT": b"221 bye\r\n",
    }

    async def behave(connection: Connection) -> None:
        await connection.send(b"220 mail.example ESMTP\r\n")
        # If the handshake fails, later reads fail too: not a fault of the script.
        with suppress(ssl.SSLError):
            while line := await connection.reader.readline():
                await connection.send(replies.get(line[:4], b"250 fine\r\n"))
                if line.startswith(b"STARTTLS"):
                    await connection.writer.start_tls(context)
                elif line.startswith(b"QUIT"):
                    return

    return behave


def amqp_with_tls(context: ssl.SSLContext) -> Behaviour:
    """AMQP 1.0 that accepts only the TLS header."""
    header = b"AMQP\x02\x01\x00\x00"

    async def behave(connection: Connection) -> None:
        heard = await connection.reader.readexactly(len(header))
        await connection.send(header)
        if heard == header:
            # A hello without further messages ends the handshake, and is not a fault of the script.
            with suppress(ssl.SSLError, asyncio.IncompleteReadError):
                await connection.writer.start_tls(context)
                await connection.until_closed()

    return behave


def sql_server(context: ssl.SSLContext, encryption: int) -> Behaviour:
    """TDS 7: PRELOGIN with this ENCRYPTION, and the handshake in packets of the same type."""

    async def behave(connection: Connection) -> None:
        await _packet(connection)
        await connection.send(_tds(0x04, _PRELOGIN + bytes((encryption,))))
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(incoming, outgoing, server_side=True)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                await _pass_on(connection, outgoing)
                incoming.write(await _packet(connection))
            except ssl.SSLError:
                await _pass_on(connection, outgoing)
                return
        await _pass_on(connection, outgoing)
        await connection.until_closed()

    return behave


async def _pass_on(connection: Connection, outgoing: ssl.MemoryBIO) -> None:
    if content := outgoing.read():
        await connection.send(_tds(0x12, content))


async def _packet(connection: Connection) -> bytes:
    """The content of one packet. Raises ConnectionError if none arrives."""
    try:
        header = await connection.reader.readexactly(_TDS_HEADER.size)
        _kind, _status, length, *_ = _TDS_HEADER.unpack(header)
        return await connection.reader.readexactly(length - _TDS_HEADER.size)
    except asyncio.IncompleteReadError as error:
        raise ConnectionError from error


def _tds(kind: int, content: bytes) -> bytes:
    return _TDS_HEADER.pack(kind, 1, _TDS_HEADER.size + len(content), 0, 1, 0) + content


STORES: Sequence[tuple[str, bytes, bytes]] = (
    ("mongodb", b"hello", struct.pack("<IIII", 38, 1, 0x746C7370, 2013) + bytes(22)),
    ("kafka", b"tlsprobe", struct.pack(">II", 10, 0x746C7370) + bytes(6)),
    ("cassandra", b"\x04\x00", bytes.fromhex("8400000006000000020000")),
    ("elasticsearch", b"HEAD / HTTP/1.1\r\n", b"HTTP/1.1 401 Unauthorized\r\n\r\n"),
    ("sips", b"OPTIONS sip:", b"SIP/2.0 483 Too Many Hops\r\n\r\n"),
)
"""The greeting for each protocol, and its answer in plaintext."""
