"""One ClientHello as a question: a version, the suites and groups offered, and its shape.

An ``Offer`` is data; ``encode`` returns its record. The presets here follow what real servers need to answer
at all: every signature scheme, a 32-byte session id, null compression, the renegotiation SCSV, all point
formats, and no length that is known to make a load balancer hang.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, TypeAlias

from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from model.registry import NAMED_GROUPS, SIGNATURE_SCHEMES
from probe.tls import extensions
from probe.tls.extensions import Extension, ExtensionType, KeyShare
from probe.tls.hello import ClientHello
from probe.tls.record import ContentType, HandshakeType, encode_handshake, encode_record

RENEGOTIATION_SCSV: Final = 0x00FF
"""TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746); some servers refuse a hello without it."""

X25519: Final = 0x001D
SECP256R1: Final = 0x0017

_NULL_COMPRESSION = b"\x00"
_P256_GENERATOR = bytes.fromhex(
    "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5"
)
_X25519_BASE_POINT = bytes([9]) + bytes(31)
_PUBLIC_VALUES = {X25519: _X25519_BASE_POINT, SECP256R1: _P256_GENERATOR}
"""Public values that every server can compute with (RFC 7748, 4.1; SEC 2, 2.4.2). The secret is never needed
here, because no handshake is finished with them."""


def key_shares(groups: tuple[int, ...]) -> tuple[KeyShare, ...]:
    """The key shares of those ``groups`` that have a public value."""
    return tuple(
        KeyShare(group=group, key_exchange=value)
        for group, value in _PUBLIC_VALUES.items()
        if group in groups
    )


_CHEAP_FIRST = (X25519, SECP256R1)


def _groups(*, for_tls13: bool) -> tuple[int, ...]:
    fitting = [
        group.code_point
        for group in NAMED_GROUPS
        if (group.usable_in_tls13 if for_tls13 else _is_usable_before_tls13(group.name, group.kind))
    ]
    return tuple(sorted(fitting, key=lambda group: group not in _CHEAP_FIRST))


def _is_usable_before_tls13(name: str, kind: str) -> bool:
    return kind in {"ec", "ffdhe"} and not name.endswith("tls13")


TLS13_GROUPS: Final = _groups(for_tls13=True)
"""Every group that TLS 1.3 may name, by ascending code point, the two cheap ones first."""

EARLIER_GROUPS: Final = _groups(for_tls13=False)
"""Curves and ffdhe: GnuTLS picks DHE suites only for a client that offers ffdhe groups."""

EVERY_SIGNATURE_SCHEME: Final = tuple(
    scheme.code_point
    for scheme in sorted(SIGNATURE_SCHEMES, key=lambda scheme: not scheme.usable_in_tls13)
)


@frozen
class Shape:
    """What a hello must look like before a server answers any question.

    ``most_cipher_suites`` bounds the list of one hello; None if the server accepts any number.
    ``sends_key_shares`` is for servers that fail on an empty ``key_share`` (old s2n, tls-tris),
    ``alpn_protocols`` for those that serve only clients with ALPN; no ALPN if empty.
    """

    server_name: str | None
    most_cipher_suites: int | None = None
    sends_key_shares: bool = False
    alpn_protocols: tuple[str, ...] = ()


@frozen
class Changes:
    """How the hello of one question differs from the usual one.

    ``extensions`` replace those of the same type, or follow the others; ``without`` lists the types left out.
    If ``renegotiation_signal`` is false, the SCSV is left out. None means the usual value. At SSL 3.0, whose
    hellos carry no extensions, only the compression methods and the session id have an effect.
    """

    extensions: tuple[Extension, ...] = ()
    without: frozenset[int] = frozenset()
    compression_methods: bytes = _NULL_COMPRESSION
    session_id: bytes | None = None
    legacy_version: int | None = None
    renegotiation_signal: bool = True


NO_CHANGES: Final = Changes()


@frozen
class Offer:
    """One hello. ``groups`` have an effect from TLS 1.0 on; SSL 3.0 has no extensions for them."""

    version: ProtocolVersion
    cipher_suites: tuple[int, ...]
    groups: tuple[int, ...]
    shape: Shape
    changes: Changes = NO_CHANGES

    def encode(self, nonce: bytes) -> bytes:
        """The hello in its record; the first 64 bytes of ``nonce`` are the random and the
        session id.

        The record version is TLS 1.0 for TLS 1.3, for middleboxes (RFC 9846, 5.1), otherwise the version
        asked for, which gets the quickest refusals.
        """
        message = encode_handshake(HandshakeType.CLIENT_HELLO, self.hello(nonce).encode())
        is_tls13 = self.version is ProtocolVersion.TLSV1_3
        record_version = ProtocolVersion.TLSV1_0 if is_tls13 else self.version
        return encode_record(ContentType.HANDSHAKE, record_version, message)

    def hello(self, nonce: bytes) -> ClientHello:
        """The message; ``nonce`` as above."""
        changes = self.changes
        usual_version = min(self.version, ProtocolVersion.TLSV1_2)
        return ClientHello(
            legacy_version=changes.legacy_version or usual_version,
            random=nonce[:32],
            session_id=nonce[32:64] if changes.session_id is None else changes.session_id,
            cipher_suites=self._suites_with_signal(),
            compression_methods=changes.compression_methods,
            extensions=self._padded(self._changed(self._extensions())),
        )

    def _suites_with_signal(self) -> tuple[int, ...]:
        """SSL 3.0 has no extension for padding, so its last suite is repeated up to a length that is safe."""
        suites = self.cipher_suites
        if self.version is not ProtocolVersion.TLSV1_3 and self.changes.renegotiation_signal:
            suites = (*suites, RENEGOTIATION_SCSV)
        if self.version is not ProtocolVersion.SSLV3:
            return suites
        length = self._length_before_extensions + 2 * len(suites)
        missing = _SAFE_LENGTH - length if _is_unsafe(length) else 0
        return (*suites, *suites[-1:] * (missing // 2 + missing % 2))

    def _changed(self, usual: tuple[Extension, ...] | None) -> tuple[Extension, ...] | None:
        if usual is None or self.changes == NO_CHANGES:
            return usual
        changed = {item.code_point: item for item in (*usual, *self.changes.extensions)}
        return tuple(item for code, item in changed.items() if code not in self.changes.without)

    def _extensions(self) -> tuple[Extension, ...] | None:
        """SSL 3.0 servers fail on extensions; signature schemes are forbidden in a hello below TLS 1.2.

        Some servers demand extended_main_secret (RFC 7627, section 5.3; FIPS mode). TLS 1.3 has no use for it,
        but a server may choose a lower version.
        """
        if self.version is ProtocolVersion.SSLV3:
            return None
        found: list[Extension] = []
        if self.shape.server_name is not None:
            found.append(extensions.server_name(self.shape.server_name))
        found.append(extensions.extended_main_secret())
        found.append(extensions.supported_groups(self.groups))
        found.append(extensions.ec_point_formats())
        if self.shape.alpn_protocols:
            names = [name.encode("ascii") for name in self.shape.alpn_protocols]
            found.append(extensions.protocol_names(names))
        if self.version >= ProtocolVersion.TLSV1_2:
            found.append(extensions.signature_algorithms(EVERY_SIGNATURE_SCHEME))
        if self.version is ProtocolVersion.TLSV1_3:
            found.append(extensions.supported_versions((self.version,)))
            found.append(extensions.psk_key_exchange_modes())
            found.append(extensions.key_share(self._key_shares()))
        return tuple(found)

    def _key_shares(self) -> tuple[KeyShare, ...]:
        return key_shares(self.groups) if self.shape.sends_key_shares else ()

    def _padded(self, block: tuple[Extension, ...] | None) -> tuple[Extension, ...] | None:
        if block is None or any(item.code_point == ExtensionType.PADDING for item in block):
            return block
        missing = padding_for(self._length_with(block))
        return block if missing is None else (*block, extensions.padding(missing))

    def _length_with(self, block: tuple[Extension, ...]) -> int:
        suites = 2 * len(self._suites_with_signal())
        length_of_block = 2 + sum(item.length for item in block)
        return self._length_before_extensions + suites + length_of_block

    @property
    def _length_before_extensions(self) -> int:
        """The length of the message without its suites and without extensions."""
        changes = self.changes
        session_id_length = 32 if changes.session_id is None else len(changes.session_id)
        return 4 + 2 + 32 + 1 + session_id_length + 2 + 1 + len(changes.compression_methods)


Change: TypeAlias = Callable[[Offer], Offer]
"""A hello from another one."""

_SAFE_LENGTH: Final = 512


def _is_unsafe(length: int) -> bool:
    """F5 hangs on messages of 256 to 511 bytes (RFC 7685)."""
    return _SAFE_LENGTH // 2 <= length < _SAFE_LENGTH


def padding_for(length: int) -> int | None:
    """The body length of the padding extension for a hello of ``length`` bytes, if it needs one.

    Some servers fail if the length modulo 256 is 10 or 14 (testssl.sh #1113). The extension's own header takes 4 bytes. Its body is never empty, because an empty last extension
    fails on old WebSphere.
    """
    needed = length
    if _is_unsafe(length):
        needed = max(_SAFE_LENGTH, length + 5)
    while needed % 256 in {10, 14}:
        needed = max(needed + 1, length + 5)
    return None if needed == length else needed - length - 4


def offer(
    version: ProtocolVersion,
    cipher_suites: tuple[int, ...],
    shape: Shape,
    groups: tuple[int, ...] | None = None,
    changes: Changes = NO_CHANGES,
) -> Offer:
    """An Offer of ``cipher_suites`` at ``version``, with every suitable group unless ``groups`` is given."""
    is_tls13 = version is ProtocolVersion.TLSV1_3
    fitting = TLS13_GROUPS if is_tls13 else EARLIER_GROUPS
    return Offer(
        version=version,
        cipher_suites=cipher_suites,
        groups=fitting if groups is None else groups,
        shape=shape,
        changes=changes,
    )
