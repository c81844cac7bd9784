"""Clients that are independent of our code: Python's ssl, and hellos built byte by byte.

The layouts are RFC 5246 section 7.4.1.2 and RFC 8446 section 4.1.2.
"""

from __future__ import annotations

import asyncio
import hashlib
import ssl
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from model.target import Target
from service.demo import DemoFleet

HELLO_RETRY_REQUEST_RANDOM = hashlib.sha256(b"HelloRetryRequest").digest()
SUPPORTED_VERSIONS, KEY_SHARE, SUPPORTED_GROUPS, SIGNATURE_ALGORITHMS = 43, 51, 10, 13
SERVER_NAME = 0
EVERY_GROUP = (0x11EC, 0x001D, 0x0017, 0x0018, 0x0019)
EVERY_SIGNATURE = (0x0403, 0x0804, 0x0401, 0x0503, 0x0501, 0x0203, 0x0201)


def target_of(fleet: DemoFleet, name: str) -> Target:
    (found,) = (each for each in fleet.targets if each.server_name == f"{name}.demo.test")
    return found


def client_context(version: ssl.TLSVersion, trusted: Path | None = None) -> ssl.SSLContext:
    """A client for exactly ``version``; it verifies the server only if ``trusted`` is given."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with warnings.catch_warnings():
        # Python deprecates TLS 1.0 and 1.1, which these tests need.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = version
        context.minimum_version = version
    if trusted:
        context.load_verify_locations(trusted)
    else:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers("ALL:@SECLEVEL=0")
    return context


async def fetch(target: Target, context: ssl.SSLContext) -> bytes:
    """The whole answer to one HTTP request; raises ssl.SSLError if the server refuses."""
    reader, writer = await asyncio.open_connection(
        target.host, target.port, ssl=context, server_hostname=target.server_name
    )
    try:
        writer.write(b"GET / HTTP/1.1\r\nHost: demo\r\n\r\n")
        return await reader.read()
    finally:
        writer.transport.abort()


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    content_type: int
    body: bytes


async def first_record(target: Target, hello: bytes) -> Record:
    """The first TLS record that the server answers ``hello`` with."""
    reader, writer = await asyncio.open_connection(target.host, target.port)
    try:
        writer.write(hello)
        head = await reader.readexactly(5)
        body = await reader.readexactly(int.from_bytes(head[3:5], "big"))
        return Record(content_type=head[0], body=body)
    finally:
        writer.transport.abort()


async def read_to_the_end(reader: asyncio.StreamReader) -> bytes:
    """The server's remaining bytes; empty if it reset the connection."""
    received = bytearray()
    try:
        while chunk := await reader.read(65536):
            received += chunk
    except ConnectionError:
        pass
    return bytes(received)


def _vector(length_bytes: int, content: bytes) -> bytes:
    return len(content).to_bytes(length_bytes, "big") + content


def _numbers(values: Iterable[int]) -> bytes:
    return b"".join(value.to_bytes(2, "big") for value in values)


def client_hello(
    *, server_name: str, version: int, suites: Iterable[int], groups: Iterable[int] = EVERY_GROUP
) -> bytes:
    """One record with a ClientHello; at TLS 1.3 (0x0304) its key_share is empty."""
    host_name = b"\x00" + _vector(2, server_name.encode("ascii"))
    extensions = {
        SERVER_NAME: _vector(2, host_name),
        SUPPORTED_GROUPS: _vector(2, _numbers(groups)),
        SIGNATURE_ALGORITHMS: _vector(2, _numbers(EVERY_SIGNATURE)),
    }
    if version >= 0x0304:
        extensions[SUPPORTED_VERSIONS] = _vector(1, _numbers([version]))
        extensions[KEY_SHARE] = _vector(2, b"")
    block = b"".join(
        kind.to_bytes(2, "big") + _vector(2, content) for kind, content in extensions.items()
    )
    body = (
        _numbers([min(version, 0x0303)])
        + bytes(range(32))
        + _vector(1, b"")
        + _vector(2, _numbers(suites))
        + _vector(1, b"\x00")
        + _vector(2, block)
    )
    return b"\x16\x03\x01" + _vector(2, b"\x01" + _vector(3, body))


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerHello:
    random: bytes
    cipher_suite: int
    extensions: dict[int, bytes]


def read_server_hello(record: Record) -> ServerHello:
    """The ServerHello or HelloRetryRequest at the beginning of ``record``."""
    assert record.content_type == 22, f"not a handshake record: {record}"
    assert record.body[0] == 2, f"not a ServerHello: {record}"
    body = record.body[4 : 4 + int.from_bytes(record.body[1:4], "big")]
    suite_at = 35 + body[34]
    rest = body[suite_at + 5 :]
    extensions = {}
    while rest:
        length = int.from_bytes(rest[2:4], "big")
        extensions[int.from_bytes(rest[:2], "big")] = rest[4 : 4 + length]
        rest = rest[4 + length :]
    return ServerHello(
        random=body[2:34],
        cipher_suite=int.from_bytes(body[suite_at : suite_at + 2], "big"),
        extensions=extensions,
    )
