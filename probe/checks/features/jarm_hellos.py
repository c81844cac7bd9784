"""The ten ClientHellos of JARM, version 1 (Althouse, Smart, Nunnally, Brady: github.com/salesforce/jarm).

They are built exactly as JARM's authors build them, flaws included, because fingerprints can be compared only
if everyone sends the same hellos. Values that JARM draws at random are fixed here. One thing is added: padding
(RFC 7685) where the length would hang a load balancer; a server never answers it, so the fingerprint stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final, TypeVar

from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from pki.byte_reader import vector
from probe.dialogue.offer import X25519, key_shares, padding_for
from probe.tls import extensions
from probe.tls.extensions import Extension, ExtensionType, KeyShare
from probe.tls.hello import ClientHello
from probe.tls.record import ContentType, HandshakeType, encode_handshake, encode_record

_GREASE: Final = 0x0A0A
_MAX_FRAGMENT_LENGTH: Final = 1
_GROUPS: Final = (X25519, 0x0017, 0x0018, 0x0019)
_SCHEMES: Final = (
    *(0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601),
    0x0201,
)

JARM_SUITES: Final = (
    *(0x0016, 0x0033, 0x0067, 0xC09E, 0xC0A2, 0x009E, 0x0039, 0x006B, 0xC09F, 0xC0A3, 0x009F),
    *(0x0045, 0x00BE, 0x0088, 0x00C4, 0x009A, 0xC008, 0xC009, 0xC023, 0xC0AC, 0xC0AE, 0xC02B),
    *(0xC00A, 0xC024, 0xC0AD, 0xC0AF, 0xC02C, 0xC072, 0xC073, 0xCCA9, 0x1302, 0x1301, 0xCC14),
    *(0xC007, 0xC012, 0xC013, 0xC027, 0xC02F, 0xC014, 0xC028, 0xC030, 0xC060, 0xC061, 0xC076),
    *(0xC077, 0xCCA8, 0x1305, 0x1304, 0x1303, 0xCC13, 0xC011, 0x000A, 0x002F, 0x003C, 0xC09C),
    *(0xC0A0, 0x009C, 0x0035, 0x003D, 0xC09D, 0xC0A1, 0x009D, 0x0041, 0x00BA, 0x0084, 0x00C0),
    *(0x0007, 0x0004, 0x0005),
)
"""In the order that JARM calls forward."""

_PROTOCOLS: Final = (
    *(b"\x08http/0.9", b"\x08http/1.0", b"\x08http/1.1", b"\x06spdy/1", b"\x06spdy/2"),
    *(b"\x06spdy/3\x02h2", b"\x03h2c", b"\x02hq"),
)
"""Length-prefixed; a comma that JARM's authors forgot joins spdy/3 and h2."""
_RARE_PROTOCOLS: Final = (
    *(b"\x08http/0.9", b"\x08http/1.0", b"\x06spdy/1", b"\x06spdy/2", b"\x06spdy/3"),
    *(b"\x03h2c", b"\x02hq"),
)

Item = TypeVar("Item")


def _reversed(items: Sequence[Item]) -> tuple[Item, ...]:
    return tuple(reversed(items))


def _top_half(items: Sequence[Item]) -> tuple[Item, ...]:
    """From the middle back to the first."""
    return _reversed(items[: (len(items) + 1) // 2])


def _bottom_half(items: Sequence[Item]) -> tuple[Item, ...]:
    """The items after the middle."""
    return tuple(items[(len(items) + 1) // 2 :])


def _middle_out(items: Sequence[Item]) -> tuple[Item, ...]:
    """The middle of an odd count, then alternately the next item after it and before it."""
    middle = len(items) // 2
    pairs = zip(items[middle + 1 :], reversed(items[:middle]), strict=True)
    return (items[middle], *(item for pair in pairs for item in pair))


_EARLIER: Final = (ProtocolVersion.TLSV1_0, ProtocolVersion.TLSV1_1, ProtocolVersion.TLSV1_2)
_WITH_TLS13: Final = (*_EARLIER, ProtocolVersion.TLSV1_3)
_BEFORE_TLS13: Final = tuple(suite for suite in JARM_SUITES if suite >> 8 != 0x13)


@frozen
class JarmHello:
    """One of the ten. ``versions`` is None if supported_versions is left out."""

    record_version: ProtocolVersion
    legacy_version: ProtocolVersion
    suites: tuple[int, ...]
    protocols: tuple[bytes, ...] = _PROTOCOLS
    versions: tuple[int, ...] | None = None
    greases: bool = False

    def encode(self, host: str, nonce: bytes) -> bytes:
        """The hello in its record, with ``host`` as server name, even if it is an IP address.

        ``nonce`` is 64 bytes: the random and the session id.
        """
        hello = ClientHello(
            legacy_version=self.legacy_version,
            random=nonce[:32],
            session_id=nonce[32:64],
            cipher_suites=(*self._grease(), *self.suites),
            compression_methods=b"\x00",
            extensions=self._extensions(host),
        )
        message = encode_handshake(HandshakeType.CLIENT_HELLO, _padded(hello).encode())
        return encode_record(ContentType.HANDSHAKE, self.record_version, message)

    def _grease(self) -> tuple[int, ...]:
        return (_GREASE,) if self.greases else ()

    def _extensions(self, host: str) -> tuple[Extension, ...]:
        shares = key_shares((X25519,))
        if self.greases:
            shares = (KeyShare(group=_GREASE, key_exchange=b"\x00"), *shares)
        found = [Extension(code_point=grease, body=b"") for grease in self._grease()]
        found += [
            extensions.server_name(host),
            Extension(code_point=ExtensionType.EXTENDED_MAIN_SECRET, body=b""),
            Extension(code_point=_MAX_FRAGMENT_LENGTH, body=b"\x01"),
            Extension(code_point=ExtensionType.RENEGOTIATION_INFO, body=b"\x00"),
            extensions.supported_groups(_GROUPS),
            Extension(code_point=ExtensionType.EC_POINT_FORMATS, body=vector(b"\x00", 1)),
            Extension(code_point=ExtensionType.SESSION_TICKET, body=b""),
            Extension(
                code_point=ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION,
                body=vector(b"".join(self.protocols), 2),
            ),
            extensions.signature_algorithms(_SCHEMES),
            extensions.key_share(shares),
            extensions.psk_key_exchange_modes(b"\x01"),
        ]
        if self.versions is not None:
            found.append(extensions.supported_versions((*self._grease(), *self.versions)))
        return tuple(found)


def _padded(hello: ClientHello) -> ClientHello:
    unpadded = encode_handshake(HandshakeType.CLIENT_HELLO, hello.encode())
    missing = padding_for(len(unpadded))
    if missing is None:
        return hello
    return replace(hello, extensions=(*(hello.extensions or ()), extensions.padding(missing)))


def _at_tls12(
    suites: tuple[int, ...],
    *,
    protocols: tuple[bytes, ...] = _PROTOCOLS,
    versions: tuple[int, ...] | None = None,
    greases: bool = False,
) -> JarmHello:
    return JarmHello(
        record_version=ProtocolVersion.TLSV1_2,
        legacy_version=ProtocolVersion.TLSV1_2,
        suites=suites,
        protocols=protocols,
        versions=versions,
        greases=greases,
    )


def _at_tls13(
    suites: tuple[int, ...], *, goes_back: bool = False, greases: bool = False
) -> JarmHello:
    """If ``goes_back`` is true, protocols and versions are listed in reverse."""
    return JarmHello(
        record_version=ProtocolVersion.TLSV1_0,
        legacy_version=ProtocolVersion.TLSV1_2,
        suites=suites,
        protocols=_reversed(_PROTOCOLS) if goes_back else _PROTOCOLS,
        versions=_reversed(_WITH_TLS13) if goes_back else _WITH_TLS13,
        greases=greases,
    )


JARM_HELLOS: Final = (
    _at_tls12(JARM_SUITES, protocols=_reversed(_PROTOCOLS), versions=_reversed(_EARLIER)),
    _at_tls12(_reversed(JARM_SUITES), versions=_EARLIER),
    _at_tls12(_top_half(JARM_SUITES)),
    _at_tls12(_bottom_half(JARM_SUITES), protocols=_RARE_PROTOCOLS),
    _at_tls12(_middle_out(JARM_SUITES), protocols=_reversed(_RARE_PROTOCOLS), greases=True),
    JarmHello(
        record_version=ProtocolVersion.TLSV1_1,
        legacy_version=ProtocolVersion.TLSV1_1,
        suites=JARM_SUITES,
    ),
    _at_tls13(JARM_SUITES, goes_back=True),
    _at_tls13(_reversed(JARM_SUITES)),
    _at_tls13(_BEFORE_TLS13),
    _at_tls13(_middle_out(JARM_SUITES), goes_back=True, greases=True),
)
