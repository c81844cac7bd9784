"""OpenSSL contexts for handshakes, each with every suite, group and scheme that OpenSSL supports, at one
version.

A context cannot be changed once a connection has used it, so each kind of handshake has its own context,
which is cached for the next handshake of that kind.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from cryptography.hazmat.bindings.openssl.binding import Binding
from OpenSSL import SSL, crypto

from model.protocol_version import ProtocolVersion
from model.registry import CIPHER_SUITES, NAMED_GROUPS, CipherSuite, cipher_suite_by_code_point
from probe.crypto.identity import ClientIdentity
from probe.dialogue.handshake import HandshakeOffer, PostHandshakeAction
from probe.tls.limits import MAX_AUTHORITIES, MAX_CERTIFICATES

HANDSHAKE_VERSIONS: Final = {
    ProtocolVersion.TLSV1_0: SSL.TLS1_VERSION,
    ProtocolVersion.TLSV1_1: SSL.TLS1_1_VERSION,
    ProtocolVersion.TLSV1_2: SSL.TLS1_2_VERSION,
    ProtocolVersion.TLSV1_3: SSL.TLS1_3_VERSION,
}
"""The versions at which OpenSSL can still finish a handshake."""

_EVERY_CIPHER = b"ALL:COMPLEMENTOFALL:@SECLEVEL=0"
_EVERY_TLS13_SUITE = (
    b"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    b":TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"
)
_ECDSA_BELOW_TLS13: Final = b"ECDHE-ECDSA-AES128-GCM-SHA256"
"""In every TLS 1.3 hello, because HAProxy 2.6 serves its ECDSA chain only to clients that offer such a suite."""

_EVERY_GROUP = (
    b"X25519:P-256:P-384:P-521:?X448:?brainpoolP256r1tls13:?brainpoolP384r1tls13"
    b":?brainpoolP512r1tls13:?ffdhe2048:?ffdhe3072:?ffdhe4096:?ffdhe6144:?ffdhe8192"
    b":?X25519MLKEM768:?SecP256r1MLKEM768:?SecP384r1MLKEM1024:?MLKEM512:?MLKEM768:?MLKEM1024"
)
"""The cheap group first, because only its share is sent: other groups come by HelloRetryRequest, and the
hello fits one TCP segment."""

_OP_LEGACY_SERVER_CONNECT = 0x4
"""Connects to servers without RFC 5746, as SSL_OP_LEGACY_SERVER_CONNECT in OpenSSL's ssl.h."""

_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION = 0x40000
"""Also renegotiates with them."""

_OP_TLSEXT_PADDING = 0x10
"""Pads a hello of 256 to 511 bytes to 512, as F5 needs (RFC 7685)."""

_OP_NO_ENCRYPT_THEN_MAC = 0x80000
"""MAC and padding can be distinguished only if the MAC comes first."""

_SUITES: Final = {suite.openssl_name: suite for suite in CIPHER_SUITES if suite.openssl_name}

_GROUP_NAMES: Final = {group.name.lower(): group.name for group in NAMED_GROUPS}

SPOILED: Final = frozenset({PostHandshakeAction.SPOILED_PADDING, PostHandshakeAction.SPOILED_MAC})


@lru_cache(maxsize=64)
def _context(
    version: ProtocolVersion,
    signature_schemes: tuple[str, ...],
    cipher_suites: tuple[int, ...],
    options: int,
) -> SSL.Context:
    """A context for one kind of handshake; most kinds are used many times.

    Raises:
        ValueError: if the library knows none of the cipher suites, signature schemes or groups, or no handshake
            at this version.
    """
    if version not in HANDSHAKE_VERSIONS:
        raise ValueError(f"OpenSSL does not finish handshakes at {version.label}")
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_options(_OP_LEGACY_SERVER_CONNECT | _OP_TLSEXT_PADDING | options)
    context.set_verify(SSL.VERIFY_NONE)
    try:
        context.set_cipher_list(_ciphers(version, cipher_suites))
    except SSL.Error as error:
        raise ValueError("OpenSSL supports none of these cipher suites") from error
    context.set_tls13_ciphersuites(_EVERY_TLS13_SUITE)
    is_tls13 = version is ProtocolVersion.TLSV1_3
    context.set_min_proto_version(SSL.TLS1_2_VERSION if is_tls13 else HANDSHAKE_VERSIONS[version])
    context.set_max_proto_version(HANDSHAKE_VERSIONS[version])
    set_list(Binding().lib.SSL_CTX_set1_curves_list, context, _EVERY_GROUP)
    if signature_schemes:
        # The question mark lets OpenSSL skip groups that it does not have.
        wanted = ":".join(f"?{name}" for name in signature_schemes).encode("ascii")
        set_list(Binding().lib.SSL_CTX_set1_sigalgs_list, context, wanted)
    return context


def context_for(offer: HandshakeOffer, own: ClientIdentity | None) -> SSL.Context:
    """The context for an offer; not shared if issuers are sent, because OpenSSL stores them with the context."""
    kind = (offer.version, offer.signature_schemes, offer.cipher_suites, _options(offer))
    if own is None or not own.issuers:
        return _context(*kind)
    context = _context.__wrapped__(*kind)
    for issuer in own.issuers:
        context.add_extra_chain_cert(issuer)
    return context


def negotiated_suite(connection: SSL.Connection) -> CipherSuite | None:
    """The negotiated suite; None before one is negotiated, or if the registry does not have it."""
    return _SUITES.get(connection.get_cipher_name() or "")


def negotiated_group(connection: SSL.Connection) -> str | None:
    """The registry name of the group of a finished handshake; None if it needed none."""
    name = connection.get_group_name()
    return None if name is None else _GROUP_NAMES.get(name.lower(), name)


def served_certificates(connection: SSL.Connection) -> tuple[bytes, ...]:
    """The certificates that the server sent, in DER, as far as they are read."""
    chain = (connection.get_peer_cert_chain() or [])[:MAX_CERTIFICATES]
    return tuple(crypto.dump_certificate(crypto.FILETYPE_ASN1, one) for one in chain)


def requested_authorities(connection: SSL.Connection) -> tuple[bytes, ...]:
    """The first names of the server's CertificateRequest, in DER.

    pyOpenSSL would copy all of them, which takes an eighth of a second for 16,000.
    """
    binding = Binding()
    lib, ffi = binding.lib, binding.ffi
    names = lib.SSL_get_client_CA_list(connection._ssl)
    count = 0 if names == ffi.NULL else lib.sk_X509_NAME_num(names)
    found: list[bytes] = []
    for number in range(min(count, MAX_AUTHORITIES)):
        encoded = ffi.new("unsigned char **")
        length = lib.i2d_X509_NAME(lib.sk_X509_NAME_value(names, number), encoded)
        if length >= 0:
            found.append(bytes(ffi.buffer(encoded[0], length)))
            lib.OPENSSL_free(encoded[0])
    return tuple(found)


def last_error(error: SSL.Error) -> str:
    """OpenSSL's last error message."""
    stack = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return str(stack[-1][-1]) if stack else type(error).__name__


def _ciphers(version: ProtocolVersion, code_points: tuple[int, ...]) -> bytes:
    """OpenSSL's names of these suites below TLS 1.3, or all suites that it has."""
    if version is ProtocolVersion.TLSV1_3:
        return _ECDSA_BELOW_TLS13
    if not code_points:
        return _EVERY_CIPHER
    suites = (cipher_suite_by_code_point(code_point) for code_point in code_points)
    names = [suite.openssl_name for suite in suites if suite and suite.openssl_name]
    return ":".join([*names, "@SECLEVEL=0"]).encode("ascii")


def set_groups(connection: SSL.Connection, offer: HandshakeOffer) -> None:
    """Sets the offer's own groups. They belong to the connection, so that sessions of its context can be resumed.

    ``*`` sends a share; ``?`` skips a group that OpenSSL does not have.
    """
    if not offer.groups:
        return
    marks = ["?*"] * offer.key_shares + ["?"] * len(offer.groups)
    names = ":".join(mark + name for mark, name in zip(marks, offer.groups, strict=False))
    set_list(Binding().lib.SSL_set1_curves_list, connection, names.encode("ascii"))


def _options(offer: HandshakeOffer) -> int:
    options = 0 if offer.wants_ticket else SSL.OP_NO_TICKET
    if offer.post_handshake is PostHandshakeAction.RENEGOTIATION or offer.is_open_to_requests:
        options |= _OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION
    if offer.post_handshake in SPOILED:
        options |= _OP_NO_ENCRYPT_THEN_MAC
    return options


def set_list(
    setter: Callable[[Any, bytes], int], holder: SSL.Context | SSL.Connection, names: bytes
) -> None:
    """Sets a list for which pyOpenSSL has no method."""
    inner = holder._context if isinstance(holder, SSL.Context) else holder._ssl
    if not setter(inner, names):
        raise ValueError(f"OpenSSL supports none of {names.decode('ascii')}")
