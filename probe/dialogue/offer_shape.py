"""Reads the Shape of an earlier hello back from its bytes."""

from __future__ import annotations

from typing import Final

from pki.byte_reader import ByteReader, DecodeError
from probe.dialogue.candidate_suites import FEW_SUITES
from probe.dialogue.offer import Shape
from probe.tls.extensions import ExtensionType, decode_protocol_names
from probe.tls.hello import ClientHello
from probe.tls.record import RECORD_HEADER_LENGTH

_SHORT: Final = 64
"""A hello with at most this many suites, out of many more candidates, was one of several parts."""

_HANDSHAKE_HEADER_LENGTH: Final = 4


def shape_of(offered: bytes) -> Shape | None:
    """The Shape of the hello in that record; None if the bytes are not one of our hellos."""
    try:
        hello = ClientHello.decode(offered[RECORD_HEADER_LENGTH + _HANDSHAKE_HEADER_LENGTH :])
        blocks = {item.code_point: item.body for item in hello.extensions or ()}
        name = blocks.get(ExtensionType.SERVER_NAME)
        server_name = _host_name(name) if name is not None else None
        alpn = blocks.get(ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION)
        protocols = decode_protocol_names(alpn) if alpn is not None else ()
    except DecodeError:
        return None
    is_tls13 = ExtensionType.SUPPORTED_VERSIONS in blocks
    is_short = len(hello.cipher_suites) <= _SHORT and not is_tls13
    return Shape(
        server_name=server_name,
        most_cipher_suites=FEW_SUITES if is_short else None,
        sends_key_shares=len(blocks.get(ExtensionType.KEY_SHARE, b"")) > len(b"\0\0"),
        alpn_protocols=tuple(one.decode("ascii", "replace") for one in protocols),
    )


def _host_name(body: bytes) -> str:
    entry = ByteReader(ByteReader(body, "server_name").vector(2), "server_name")
    entry.uint(1)
    return entry.vector(2).decode("ascii", "replace")
