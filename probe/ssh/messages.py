"""The messages of SSH's key exchange (RFC 4253, sections 7, 8 and 11; RFC 5656, section 4)."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Final

from model.frozen import frozen
from pki.byte_reader import ByteReader, DecodeError, vector
from probe.ssh.limits import MAX_NAME_LENGTH, MAX_NAMES

_COOKIE_LENGTH: Final = 16
_UINT32: Final = 4
_NAME: Final = re.compile(rb"[!-+\--~]{1,%d}" % MAX_NAME_LENGTH)
"""Printable US-ASCII without the comma (RFC 4251, section 6)."""

BY_APPLICATION: Final = 11
"""SSH_DISCONNECT_BY_APPLICATION: the code of a client that has what it needs."""


class Message(IntEnum):
    """The first byte of a payload."""

    DISCONNECT = 1
    IGNORE = 2
    UNIMPLEMENTED = 3
    DEBUG = 4
    KEXINIT = 20
    NEWKEYS = 21
    KEX_INIT = 30
    """SSH_MSG_KEXDH_INIT, SSH_MSG_KEX_ECDH_INIT: the client's public value."""
    KEX_REPLY = 31
    """SSH_MSG_KEXDH_REPLY, SSH_MSG_KEX_ECDH_REPLY: host key, public value and signature."""


LISTS: Final = (
    "kex_algorithms",
    "server_host_key_algorithms",
    "encryption_algorithms_client_to_server",
    "encryption_algorithms_server_to_client",
    "mac_algorithms_client_to_server",
    "mac_algorithms_server_to_client",
    "compression_algorithms_client_to_server",
    "compression_algorithms_server_to_client",
    "languages_client_to_server",
    "languages_server_to_client",
)
"""The lists of SSH_MSG_KEXINIT in order, by the names of RFC 4253, section 7.1."""


@frozen
class KexInit:
    """One side's SSH_MSG_KEXINIT; ``lists`` are in the order of ``LISTS``."""

    payload: bytes
    lists: tuple[tuple[str, ...], ...]
    first_packet_follows: bool

    def named(self, name: str) -> tuple[str, ...]:
        """The list with this name of ``LISTS``."""
        return self.lists[LISTS.index(name)]


@frozen
class KexReply:
    """The server's half of the exchange: the host key's blob, the public value, and the signature's blob."""

    host_key: bytes
    public: bytes
    signature: bytes


@frozen
class Disconnect:
    """Why the server ends the connection: a code of RFC 4253, section 11.1, and its words."""

    code: int
    description: str


def encode_kexinit(cookie: bytes, lists: tuple[tuple[str, ...], ...]) -> bytes:
    """The payload of a client's SSH_MSG_KEXINIT, without a guessed packet after it."""
    names = b"".join(vector(",".join(one).encode("ascii"), _UINT32) for one in lists)
    return bytes((Message.KEXINIT,)) + cookie[:_COOKIE_LENGTH] + names + bytes(1 + _UINT32)


def decode_kexinit(payload: bytes) -> KexInit:
    """The server's SSH_MSG_KEXINIT. Raises DecodeError unless it is complete and well-formed."""
    reader = ByteReader(payload, "KEXINIT")
    reader.take(1 + _COOKIE_LENGTH)
    lists = tuple(_name_list(reader) for _ in LISTS)
    follows = bool(reader.uint(1))
    reader.take(_UINT32)
    reader.finish()
    return KexInit(payload=payload, lists=lists, first_packet_follows=follows)


def decode_kex_reply(payload: bytes) -> KexReply:
    """The server's reply with its host key. Raises DecodeError."""
    reader = ByteReader(payload, "key exchange reply")
    reader.take(1)
    host_key, public, signature = (reader.vector(_UINT32) for _ in range(3))
    reader.finish()
    return KexReply(host_key=host_key, public=public, signature=signature)


def decode_disconnect(payload: bytes) -> Disconnect:
    """The server's SSH_MSG_DISCONNECT; the language tag, which old servers omit, is not read. Raises DecodeError."""
    reader = ByteReader(payload, "DISCONNECT")
    reader.take(1)
    code = reader.uint(_UINT32)
    return Disconnect(code=code, description=reader.vector(_UINT32).decode("utf-8", "replace"))


def encode_disconnect(code: int, description: str) -> bytes:
    """The payload of SSH_MSG_DISCONNECT."""
    words = vector(description.encode(), _UINT32) + vector(b"", _UINT32)
    return bytes((Message.DISCONNECT,)) + code.to_bytes(_UINT32, "big") + words


def mpint(number: int) -> bytes:
    """A number that is not negative as SSH's mpint (RFC 4251, section 5)."""
    content = number.to_bytes(number.bit_length() // 8 + 1, "big") if number else b""
    return vector(content, _UINT32)


def string(content: bytes) -> bytes:
    """Bytes as SSH's string."""
    return vector(content, _UINT32)


def _name_list(reader: ByteReader) -> tuple[str, ...]:
    content = reader.vector(_UINT32)
    if not content:
        return ()
    names = content.split(b",")
    if len(names) > MAX_NAMES or not all(map(_NAME.fullmatch, names)):
        raise DecodeError("name list of KEXINIT", 0)
    return tuple(name.decode("ascii") for name in names)
