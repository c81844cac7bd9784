"""The bodies of the extensions in our hellos and in a server's answers.

Each function returns a whole ``Extension``; its docstring shows the struct from the RFC.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from functools import lru_cache
from typing import Final

from model.frozen import frozen
from pki.byte_reader import ByteReader, DecodeError, uint16_list, vector
from probe.tls.limits import MAX_EXTENSIONS, MAX_NAMES


class ExtensionType(IntEnum):
    """The extensions that this codec understands (IANA TLS ExtensionType Values)."""

    SERVER_NAME = 0
    STATUS_REQUEST = 5
    SUPPORTED_GROUPS = 10
    EC_POINT_FORMATS = 11
    SIGNATURE_ALGORITHMS = 13
    HEARTBEAT = 15
    APPLICATION_LAYER_PROTOCOL_NEGOTIATION = 16
    SIGNED_CERTIFICATE_TIMESTAMP = 18
    PADDING = 21
    ENCRYPT_THEN_MAC = 22
    EXTENDED_MAIN_SECRET = 23
    COMPRESS_CERTIFICATE = 27
    RECORD_SIZE_LIMIT = 28
    SESSION_TICKET = 35
    SUPPORTED_VERSIONS = 43
    COOKIE = 44
    PSK_KEY_EXCHANGE_MODES = 45
    SIGNATURE_ALGORITHMS_CERT = 50
    KEY_SHARE = 51
    NEXT_PROTOCOL_NEGOTIATION = 13172
    ECH_OUTER_EXTENSIONS = 0xFD00
    ENCRYPTED_CLIENT_HELLO = 0xFE0D
    RENEGOTIATION_INFO = 0xFF01


_LISTS: Final = 256
"""How many different extensions of one type are made once: most hellos have the same ones."""


@frozen
class Extension:
    """One extension; ``code_point`` may be an unknown one."""

    code_point: int
    body: bytes

    @property
    def length(self) -> int:
        """The number of bytes that ``encode`` returns."""
        return 4 + len(self.body)

    def encode(self) -> bytes:
        """The extension with its type and length."""
        return self.code_point.to_bytes(2, "big") + vector(self.body, 2)


@frozen
class KeyShare:
    """One KeyShareEntry: a named group and a public value in it."""

    group: int
    key_exchange: bytes


def decode_extensions(reader: ByteReader) -> tuple[Extension, ...]:
    """The extensions at the reader's cursor, ``Extension extensions<0..2^16-1>``, in order.

    Raises:
        DecodeError: if they are malformed, or more than MAX_EXTENSIONS.
    """
    block = ByteReader(reader.vector(2), "extensions")
    found: list[Extension] = []
    while block.remaining:
        if len(found) == MAX_EXTENSIONS:
            raise DecodeError(f"extensions, more than {MAX_EXTENSIONS},", 0)
        found.append(Extension(code_point=block.uint(2), body=block.vector(2)))
    return tuple(found)


def body_of(extensions: Sequence[Extension], code_point: int) -> bytes | None:
    """The body of the first of the ``extensions`` with this type, or None."""
    for one in extensions:
        if one.code_point == code_point:
            return one.body
    return None


def server_name(name: str) -> Extension:
    """``ServerName server_name_list<1..2^16-1>``, one host_name (RFC 6066, section 3)."""
    host_name = b"\x00" + vector(name.encode("ascii"), 2)
    return Extension(code_point=ExtensionType.SERVER_NAME, body=vector(host_name, 2))


@lru_cache(maxsize=_LISTS)
def supported_groups(groups: tuple[int, ...]) -> Extension:
    """``NamedGroup named_group_list<2..2^16-1>`` (RFC 9846, section 4.2.7)."""
    return Extension(code_point=ExtensionType.SUPPORTED_GROUPS, body=uint16_list(groups))


@lru_cache(maxsize=_LISTS)
def ec_point_formats() -> Extension:
    """``ECPointFormat ec_point_format_list<1..2^8-1>``: all three formats (RFC 8422, 5.1.2)."""
    return Extension(code_point=ExtensionType.EC_POINT_FORMATS, body=vector(b"\x00\x01\x02", 1))


@lru_cache(maxsize=_LISTS)
def signature_algorithms(schemes: tuple[int, ...]) -> Extension:
    """``SignatureScheme supported_signature_algorithms<2..2^16-2>`` (RFC 9846, 4.2.3)."""
    return Extension(code_point=ExtensionType.SIGNATURE_ALGORITHMS, body=uint16_list(schemes))


def signature_algorithms_cert(schemes: tuple[int, ...]) -> Extension:
    """The schemes that may sign the chain, in the same form (RFC 9846, 4.2.3)."""
    body = uint16_list(schemes)
    return Extension(code_point=ExtensionType.SIGNATURE_ALGORITHMS_CERT, body=body)


@lru_cache(maxsize=_LISTS)
def supported_versions(versions: tuple[int, ...]) -> Extension:
    """``ProtocolVersion versions<2..254>`` (RFC 9846, section 4.2.1)."""
    return Extension(code_point=ExtensionType.SUPPORTED_VERSIONS, body=uint16_list(versions, 1))


@lru_cache(maxsize=_LISTS)
def psk_key_exchange_modes(modes: bytes = b"\x01\x00") -> Extension:
    """``PskKeyExchangeMode ke_modes<1..255>``: both modes (RFC 9846, section 4.2.9)."""
    return Extension(code_point=ExtensionType.PSK_KEY_EXCHANGE_MODES, body=vector(modes, 1))


def decode_key_share_entry(body: bytes) -> KeyShare:
    """``struct { NamedGroup group; opaque key_exchange<1..2^16-1>; } KeyShareEntry;`` Raises DecodeError."""
    entry = ByteReader(body, "key_share")
    return KeyShare(group=entry.uint(2), key_exchange=entry.vector(2))


def key_share(shares: tuple[KeyShare, ...]) -> Extension:
    """``KeyShareEntry client_shares<0..2^16-1>``; an empty vector asks for a HelloRetryRequest.

    RFC 9846, section 4.2.8: an empty vector is allowed and costs the server no key exchange.
    """
    entries = b"".join(
        share.group.to_bytes(2, "big") + vector(share.key_exchange, 2) for share in shares
    )
    return Extension(code_point=ExtensionType.KEY_SHARE, body=vector(entries, 2))


def padding(length: int) -> Extension:
    """``length`` zero bytes (RFC 7685)."""
    return Extension(code_point=ExtensionType.PADDING, body=bytes(length))


def protocol_names(names: Sequence[bytes]) -> Extension:
    """``ProtocolName protocol_name_list<2..2^16-1>``, each ``opaque<1..255>`` (RFC 7301, 3.1)."""
    listed = b"".join(vector(name, 1) for name in names)
    return Extension(
        code_point=ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION, body=vector(listed, 2)
    )


def decode_protocol_name(body: bytes) -> bytes:
    """The first of a ``ProtocolNameList``; a server sends one (RFC 7301, section 3.1). Raises DecodeError."""
    return ByteReader(ByteReader(body, "ALPN").vector(2), "ALPN").vector(1)


def decode_protocol_names(body: bytes) -> tuple[bytes, ...]:
    """Decodes what ``protocol_names`` encodes. Raises DecodeError."""
    names = ByteReader(ByteReader(body, "ALPN").vector(2), "ALPN")
    found: list[bytes] = []
    while names.remaining and len(found) < MAX_NAMES:
        found.append(names.vector(1))
    return tuple(found)


def decode_next_protocols(body: bytes) -> tuple[bytes, ...]:
    """Names, each ``opaque<0..255>``, up to the first malformed one and at most MAX_NAMES."""
    names = ByteReader(body, "next_protocol_negotiation")
    found: list[bytes] = []
    try:
        while names.remaining and len(found) < MAX_NAMES:
            found.append(names.vector(1))
    except DecodeError:
        pass
    return tuple(found)


def decode_signature_algorithms(body: bytes) -> tuple[int, ...]:
    """Decodes the schemes that ``signature_algorithms`` encodes. Raises DecodeError."""
    return ByteReader(body, "signature_algorithms").uint16_list(2)


def status_request() -> Extension:
    """``CertificateStatusRequest`` for OCSP, from any responder (RFC 6066, section 8)."""
    return Extension(code_point=ExtensionType.STATUS_REQUEST, body=b"\x01" + vector(b"", 2) * 2)


@lru_cache(maxsize=_LISTS)
def extended_main_secret() -> Extension:
    """The empty extension of RFC 7627, section 5.1."""
    return Extension(code_point=ExtensionType.EXTENDED_MAIN_SECRET, body=b"")


def signed_certificate_timestamp() -> Extension:
    """The empty request for timestamps (RFC 6962, section 3.3.1)."""
    return Extension(code_point=ExtensionType.SIGNED_CERTIFICATE_TIMESTAMP, body=b"")
