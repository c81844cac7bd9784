"""The first messages of IKEv1: main mode and aggressive mode (RFC 2408, 2409; the numbers are IANA's *ISAKMP* and *IPsec*)."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping
from enum import IntEnum
from typing import Final, TypeAlias

from pki.byte_reader import ByteReader, DecodeError
from probe.ike.messages import (
    HEADER_LENGTH,
    Message,
    decode_message,
    encode_header,
    encode_payloads,
)

_IPSEC_DOI: Final = 1
_IDENTITY_ONLY: Final = 1
_ISAKMP: Final = 1
_KEY_IKE: Final = 1
_MORE_TRANSFORMS: Final = 3
_BASIC: Final = 0x8000
"""The bit of an attribute with a value of two bytes."""
_SECONDS, _EIGHT_HOURS = 1, 28_800
_VERSION_AT: Final = 17
_EXCHANGE_AT: Final = 18
_LENGTH_FIELD: Final = 2


class Payload(IntEnum):
    """The types of payloads that are sent or understood."""

    NONE = 0
    SA = 1
    KEY_EXCHANGE = 4
    IDENTIFICATION = 5
    HASH = 8
    NONCE = 10
    NOTIFICATION = 11


class Exchange(IntEnum):
    """The types of exchanges."""

    MAIN = 2
    AGGRESSIVE = 4
    INFORMATIONAL = 5


class Refusal(IntEnum):
    """The notifications that mean that the exchange, or all of its proposals, are refused."""

    INVALID_MAJOR_VERSION = 5
    INVALID_EXCHANGE_TYPE = 7
    NO_PROPOSAL_CHOSEN = 14
    UNSUPPORTED_EXCHANGE_TYPE = 29


class _Attribute(IntEnum):
    ENCRYPTION = 1
    HASH = 2
    AUTHENTICATION = 3
    GROUP = 4
    LIFE_TYPE = 11
    LIFE_DURATION = 12
    KEY_LENGTH = 14


Suite: TypeAlias = tuple[int, int, int, int]
"""Encryption, its key length in bits (0 without one), hash and group."""

_DES, _3DES, _AES = 1, 5, 7
_MD5, _SHA1, _SHA2_256, _SHA2_384 = 1, 2, 4, 5


class Authentication(IntEnum):
    """The usual authentication methods."""

    PRESHARED_KEY = 1
    RSA_SIGNATURE = 3


AGGRESSIVE_GROUP: Final = 2
"""Aggressive mode has one group for all proposals, that of its KE payload: 1024-bit MODP, the usual one."""


MAIN_SUITES: Final[tuple[Suite, ...]] = (
    (_AES, 256, _SHA2_384, 20),
    (_AES, 256, _SHA2_256, 19),
    (_AES, 256, _SHA2_256, 14),
    (_AES, 128, _SHA2_256, 14),
    (_AES, 256, _SHA1, 14),
    (_AES, 128, _SHA1, 14),
    (_AES, 256, _SHA1, 5),
    (_AES, 128, _SHA1, 5),
    (_AES, 256, _SHA1, 2),
    (_AES, 128, _SHA1, 2),
    (_3DES, 0, _SHA1, 2),
    (_3DES, 0, _MD5, 2),
    (_DES, 0, _MD5, 1),
)
AGGRESSIVE_SUITES: Final[tuple[Suite, ...]] = tuple(
    (cipher, bits, digest, AGGRESSIVE_GROUP)
    for cipher, bits in ((_AES, 256), (_AES, 128), (_3DES, 0))
    for digest in (_SHA2_256, _SHA1, _MD5)
)
_NAMES: Final[Mapping[_Attribute, Mapping[int, str]]] = {
    _Attribute.ENCRYPTION: {_DES: "des", _3DES: "3des", _AES: "aes"},
    _Attribute.HASH: {_MD5: "md5", _SHA1: "sha1", _SHA2_256: "sha256", _SHA2_384: "sha384"},
    _Attribute.AUTHENTICATION: {
        Authentication.PRESHARED_KEY: "pre-shared key",
        Authentication.RSA_SIGNATURE: "RSA signature",
    },
}


def encode_sa(suites: Iterable[Suite], method: Authentication) -> bytes:
    """The body of an SA payload with one proposal, whose transforms are the ``suites`` with that method."""
    every = tuple(suites)
    transforms = b"".join(
        _transform(number, suite, method, is_last=number == len(every))
        for number, suite in enumerate(every, 1)
    )
    head = struct.pack(">BBHBBBB", 0, 0, 8 + len(transforms), 1, _ISAKMP, 0, len(every))
    return struct.pack(">II", _IPSEC_DOI, _IDENTITY_ONLY) + head + transforms


def _transform(number: int, suite: Suite, method: Authentication, *, is_last: bool) -> bytes:
    cipher, bits, digest, group = suite
    values = [
        (_Attribute.ENCRYPTION, cipher),
        (_Attribute.HASH, digest),
        (_Attribute.AUTHENTICATION, method),
        (_Attribute.GROUP, group),
        (_Attribute.LIFE_TYPE, _SECONDS),
        (_Attribute.LIFE_DURATION, _EIGHT_HOURS),
    ]
    values += [(_Attribute.KEY_LENGTH, bits)] * bool(bits)
    attributes = b"".join(struct.pack(">HH", _BASIC | name, value) for name, value in values)
    more = 0 if is_last else _MORE_TRANSFORMS
    return struct.pack(">BBHBBH", more, 0, 8 + len(attributes), number, _KEY_IKE, 0) + attributes


def encode_first(exchange: Exchange, spi: bytes, payloads: tuple[tuple[int, bytes], ...]) -> bytes:
    """The first message of an exchange."""
    content = encode_payloads(payloads)
    header = encode_header(
        spi=spi,
        first=payloads[0][0],
        version=0x10,
        exchange=exchange,
        flags=0,
        length=len(content),
    )
    return header + content


def decode_refusals(message: Message) -> tuple[int, ...]:
    """The types of all notifications, in a message of version 1. Raises DecodeError."""
    found = []
    for body in message.bodies(Payload.NOTIFICATION):
        reader = ByteReader(body, "IKEv1 notification")
        reader.take(6)
        found.append(reader.uint(2))
    return tuple(found)


def decode_suite(message: Message) -> str | None:
    """The chosen proposal in words; None without an SA payload. Raises DecodeError."""
    bodies = message.bodies(Payload.SA)
    if not bodies:
        return None
    reader = ByteReader(bodies[0], "IKEv1 proposal")
    reader.take(8 + 6)
    reader.take(reader.uint(1) + 1 + 2)
    length = reader.uint(2)
    reader.take(4)
    attributes = ByteReader(reader.take(max(length - 8, 0)), "attribute of IKEv1")
    values = dict[int, int]()
    while attributes.remaining:
        name, value = attributes.uint(2), attributes.uint(2)
        if name & _BASIC:
            values[name & ~_BASIC] = value
        else:
            attributes.take(value)
    return _words(values)


def _words(values: dict[int, int]) -> str:
    parts = [
        names.get(values.get(attribute, 0), str(values.get(attribute, 0)))
        for attribute, names in _NAMES.items()
    ]
    bits = values.get(_Attribute.KEY_LENGTH)
    parts[0] += str(bits) if bits else ""
    return f"{parts[0]}, {parts[1]}, group {values.get(_Attribute.GROUP, 0)}, {parts[2]}"


def without_hash(datagram: bytes) -> bytes:
    """The datagram with zeros in place of each HASH payload of aggressive mode.

    With a pre-shared key, that hash lets everyone who has it try keys offline, so it is never stored. A message
    that cannot be read is cut after its header.
    """
    is_aggressive = datagram[_VERSION_AT : _EXCHANGE_AT + 1] == bytes((0x10, Exchange.AGGRESSIVE))
    if not is_aggressive:
        return datagram
    try:
        message = decode_message(datagram)
    except DecodeError:
        return datagram[:HEADER_LENGTH]
    payloads = tuple(
        (kind, bytes(len(body)) if kind == Payload.HASH else body)
        for kind, body in message.payloads
    )
    return datagram[:HEADER_LENGTH] + (encode_payloads(payloads) if payloads else b"")
