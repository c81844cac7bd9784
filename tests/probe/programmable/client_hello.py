"""A reader of ClientHello messages for the tests' servers, independent of the one in probe.

struct { ProtocolVersion legacy_version; Random random; opaque session_id<0..32>;
         CipherSuite cipher_suites<2..2^16-2>; opaque compression_methods<1..2^8-1>;
         Extension extensions<8..2^16-1>; } ClientHello   (RFC 8446, 4.1.2)
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

HANDSHAKE_RECORD = 22
CHANGE_CIPHER_SPEC = b"\x14\x03\x03\x00\x01\x01"
CLIENT_HELLO_TYPE = 1
SERVER_NAME_EXTENSION = 0
SUPPORTED_GROUPS_EXTENSION = 10
SIGNATURE_ALGORITHMS_EXTENSION = 13
SUPPORTED_VERSIONS_EXTENSION = 43
KEY_SHARE_EXTENSION = 51


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientHello:
    """One ClientHello, and the length of the record bytes that carried it."""

    record_version: int
    wire_length: int
    legacy_version: int
    random: bytes
    session_id: bytes
    cipher_suites: tuple[int, ...]
    compression_methods: bytes
    extensions: dict[int, bytes]

    @property
    def versions(self) -> frozenset[int]:
        """Every offered version: the list of TLS 1.3, or all up to the legacy version."""
        listed = self.extensions.get(SUPPORTED_VERSIONS_EXTENSION)
        if listed is None:
            return frozenset(range(0x0300, self.legacy_version + 1))
        return frozenset(_uint16s(listed[1:]))

    @property
    def groups(self) -> tuple[int, ...]:
        """The supported groups, in the client's order."""
        return _uint16s(self.extensions.get(SUPPORTED_GROUPS_EXTENSION, b"")[2:])

    @property
    def signature_schemes(self) -> tuple[int, ...]:
        """The schemes for handshakes, in the client's order."""
        return _uint16s(self.extensions.get(SIGNATURE_ALGORITHMS_EXTENSION, b"")[2:])

    @property
    def key_shares(self) -> dict[int, bytes]:
        """The public value offered for each group."""
        shares: dict[int, bytes] = {}
        reader = _Reader(self.extensions.get(KEY_SHARE_EXTENSION, b"\0\0")[2:])
        while reader.left:
            group = reader.uint(2)
            shares[group] = reader.vector(2)
        return shares

    @property
    def sends_server_name(self) -> bool:
        """Whether a server name was sent."""
        return SERVER_NAME_EXTENSION in self.extensions


class _Reader:
    """Reads a block from its start; a read past the end is an IndexError."""

    def __init__(self, block: bytes) -> None:
        self._block = block
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._block) - self._at

    def take(self, length: int) -> bytes:
        if length > self.left:
            raise IndexError(f"{length} bytes asked for, {self.left} left")
        taken = self._block[self._at : self._at + length]
        self._at += length
        return taken

    def uint(self, size: int) -> int:
        return int.from_bytes(self.take(size), "big")

    def vector(self, size: int) -> bytes:
        return self.take(self.uint(size))


def _uint16s(block: bytes) -> tuple[int, ...]:
    marks = range(0, len(block) + 1, 2)
    return tuple(int.from_bytes(block[start:end], "big") for start, end in pairwise(marks))


def read_client_hello(received: bytes) -> ClientHello | None:
    """The ClientHello at the start of ``received``; None if it is incomplete.

    A second hello may follow a ChangeCipherSpec (RFC 8446, appendix D.4).

    Raises:
        ValueError: if the bytes do not begin as a handshake record with a ClientHello.
    """
    received = received.removeprefix(CHANGE_CIPHER_SPEC)
    reader, message, record_version = _Reader(received), b"", 0
    while len(message) < 4 or len(message) < 4 + int.from_bytes(message[1:4], "big"):
        if reader.left < 5:
            return None
        if reader.uint(1) != HANDSHAKE_RECORD:
            raise ValueError(f"not a handshake record: {received[:16].hex()}")
        record_version = reader.uint(2)
        length = reader.uint(2)
        if reader.left < length:
            return None
        message += reader.take(length)
    if message[0] != CLIENT_HELLO_TYPE:
        raise ValueError(f"not a ClientHello: {message[:16].hex()}")
    wire_length = len(received) - reader.left
    return _read_body(_Reader(message[4:]), record_version=record_version, wire_length=wire_length)


def _read_body(body: _Reader, *, record_version: int, wire_length: int) -> ClientHello:
    legacy_version, random = body.uint(2), body.take(32)
    session_id, suites, compression = body.vector(1), body.vector(2), body.vector(1)
    extensions: dict[int, bytes] = {}
    if body.left:
        block = _Reader(body.vector(2))
        while block.left:
            extension_type = block.uint(2)
            extensions[extension_type] = block.vector(2)
    return ClientHello(
        record_version=record_version,
        wire_length=wire_length,
        legacy_version=legacy_version,
        random=random,
        session_id=session_id,
        cipher_suites=_uint16s(suites),
        compression_methods=compression,
        extensions=extensions,
    )


def is_sslv2_hello(received: bytes) -> bool:
    """Whether this begins SSL 2.0's CLIENT-HELLO: a two-byte header with its highest bit set."""
    return received[0] >= 0x80
