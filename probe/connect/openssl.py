"""One full handshake by pyOpenSSL over memory BIOs, without a client certificate.

It shows what TLS 1.3 encrypts: the chain and the CertificateRequest. Where a certificate was
requested it reads on after the handshake, for a TLS 1.3 server refuses only then, with
``certificate_required`` (RFC 9846, section 4.4.2.4).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, Final

from cryptography.hazmat.bindings.openssl.binding import Binding
from OpenSSL import SSL, crypto

from model.protocol_version import ProtocolVersion
from model.registry import alert_name
from probe.tls.answer import Ending
from probe.tls.handshake import Handshake, HandshakeEnd, HandshakeOffer

HANDSHAKE_VERSIONS: Final = {
    ProtocolVersion.TLSV1_0: SSL.TLS1_VERSION,
    ProtocolVersion.TLSV1_1: SSL.TLS1_1_VERSION,
    ProtocolVersion.TLSV1_2: SSL.TLS1_2_VERSION,
    ProtocolVersion.TLSV1_3: SSL.TLS1_3_VERSION,
}
"""The versions that OpenSSL can still finish a handshake at."""

_EVERY_CIPHER = b"ALL:COMPLEMENTOFALL:@SECLEVEL=0"
_EVERY_TLS13_SUITE = (
    b"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    b":TLS_AES_128_CCM_SHA256:TLS_AES_128_CCM_8_SHA256"
)
_EVERY_GROUP = (
    b"X25519:P-256:P-384:P-521:?X448:?brainpoolP256r1tls13:?brainpoolP384r1tls13"
    b":?brainpoolP512r1tls13:?ffdhe2048:?ffdhe3072:?ffdhe4096:?ffdhe6144:?ffdhe8192"
    b":?X25519MLKEM768:?SecP256r1MLKEM768:?SecP384r1MLKEM1024:?MLKEM512:?MLKEM768:?MLKEM1024"
)
"""The cheap one first, for a share of it alone is sent: others come by HelloRetryRequest, and
the hello fits one TCP segment."""

_OP_LEGACY_SERVER_CONNECT = 0x4
"""Talks to servers without RFC 5746, as SSL_OP_LEGACY_SERVER_CONNECT in OpenSSL's ssl.h."""

_MOST_BYTES = 2**18
_KEPT_LENGTH = 2048
_CLOSE_NOTIFY = 0
_READ_LENGTH = 65536


@cache
def _context(version: ProtocolVersion, signature_schemes: tuple[str, ...]) -> SSL.Context:
    """A context for one kind of handshake; there are few kinds, and each is built once.

    Raises:
        ValueError: where the library knows none of the signature schemes or groups.
    """
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_options(_OP_LEGACY_SERVER_CONNECT)
    context.set_verify(SSL.VERIFY_NONE)
    context.set_cipher_list(_EVERY_CIPHER)
    context.set_tls13_ciphersuites(_EVERY_TLS13_SUITE)
    context.set_min_proto_version(HANDSHAKE_VERSIONS[version])
    context.set_max_proto_version(HANDSHAKE_VERSIONS[version])
    _set_list(Binding().lib.SSL_CTX_set1_curves_list, context, _EVERY_GROUP)
    if signature_schemes:
        # The question mark lets OpenSSL skip what it lacks.
        wanted = ":".join(f"?{name}" for name in signature_schemes).encode("ascii")
        _set_list(Binding().lib.SSL_CTX_set1_sigalgs_list, context, wanted)
    return context


def _set_list(setter: Callable[[Any, bytes], int], context: SSL.Context, names: bytes) -> None:
    """What pyOpenSSL has no method for."""
    if not setter(context._context, names):
        raise ValueError(f"OpenSSL knows none of {names.decode('ascii')}")


class OpenSslHandshake:
    """The client's side of one handshake; bytes in by ``feed``, bytes out through a Listener."""

    def __init__(self, offer: HandshakeOffer) -> None:
        self._offer = offer
        self._connection = SSL.Connection(_context(offer.version, offer.signature_schemes), None)
        self._connection.set_connect_state()
        if offer.server_name is not None:
            self._connection.set_tlsext_host_name(offer.server_name.encode("ascii"))
        if offer.alpn_protocols:
            wanted = [name.encode("ascii") for name in offer.alpn_protocols]
            self._connection.set_alpn_protos(wanted)
        self._connection.set_info_callback(self._notice)
        self._send: Callable[[bytes], None] | None = None
        self._requested = False
        self._alert: int | None = None
        self._is_finished = False
        self._offered = b""
        self._answered = b""
        self._received = 0

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the hello."""
        self._send = send
        self._advance()

    def feed(self, received: bytes) -> Handshake | None:
        """Takes the server's bytes; the outcome once it is known."""
        self._received += len(received)
        self._answered += received[: _KEPT_LENGTH - len(self._answered)]
        if self._received > _MOST_BYTES:
            return self._outcome(HandshakeEnd.UNFINISHED, "more bytes than any honest handshake")
        self._connection.bio_write(received)
        return self._read_on() if self._is_finished else self._advance()

    def end(self, ending: Ending) -> Handshake:
        """The outcome when nothing more will come."""
        if self._is_finished:
            note = f"{ending.value} after the handshake without a word on our missing certificate"
            return self._outcome(HandshakeEnd.UNFINISHED, note)
        if self._requested and ending is not Ending.SILENCE:
            note = f"{ending.value} once no client certificate came"
            return self._outcome(HandshakeEnd.REFUSED, note)
        return self._outcome(HandshakeEnd.UNFINISHED, f"{ending.value} in the handshake")

    def _advance(self) -> Handshake | None:
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            self._flush()
            return None
        except SSL.Error as error:
            self._flush()
            return self._failed(error)
        self._is_finished = True
        if not self._requested or self._offer.version < ProtocolVersion.TLSV1_3:
            self._flush()
            return self._accepted()
        self._connection.shutdown()
        self._flush()
        return None

    def _read_on(self) -> Handshake:
        """What the bytes behind our Finished mean: a refusal, or anything else.

        Session tickets, data and ``close_notify`` come only from a server that took our Finished.
        """
        try:
            self._connection.recv(_READ_LENGTH)
        except (SSL.WantReadError, SSL.ZeroReturnError):
            return self._accepted()
        except SSL.Error as error:
            return self._failed(error)
        return self._accepted()

    def _failed(self, error: SSL.Error) -> Handshake:
        if self._alert is None:
            return self._outcome(HandshakeEnd.UNFINISHED, f"OpenSSL gave up: {_reason(error)}")
        note = f"alert {alert_name(self._alert)}"
        if self._requested:
            return self._outcome(HandshakeEnd.REFUSED, f"{note} once no client certificate came")
        return self._outcome(HandshakeEnd.DECLINED, f"{note} in the handshake")

    def _accepted(self) -> Handshake:
        asked = "a client certificate was requested" if self._requested else "none was requested"
        note = f"handshake finished without a client certificate; {asked}"
        return self._outcome(HandshakeEnd.ACCEPTED, note)

    def _outcome(self, end: HandshakeEnd, note: str) -> Handshake:
        chain = self._connection.get_peer_cert_chain() or []
        authorities = self._connection.get_client_ca_list() if self._requested else []
        return Handshake(
            offer=self._offer,
            end=end,
            certificates=tuple(
                crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate) for certificate in chain
            ),
            certificate_requested=self._requested,
            certificate_authorities=tuple(name.der() for name in authorities),
            alpn_protocol=self._connection.get_alpn_proto_negotiated().decode("latin-1") or None,
            alert=self._alert,
            offered=self._offered,
            answered=self._answered,
            note=note,
        )

    def _flush(self) -> None:
        try:
            outgoing = self._connection.bio_read(_READ_LENGTH)
        except SSL.WantReadError:
            return
        self._offered = self._offered or outgoing[:_KEPT_LENGTH]
        if self._send is not None:
            self._send(outgoing)

    def _notice(self, connection: SSL.Connection, where: int, value: int) -> None:
        if where & SSL.SSL_CB_LOOP and b"read server certificate request" in (
            connection.get_state_string().lower()
        ):
            self._requested = True
        elif where == SSL.SSL_CB_READ_ALERT and value & 0xFF != _CLOSE_NOTIFY:
            self._alert = value & 0xFF


def _reason(error: SSL.Error) -> str:
    """OpenSSL's last word on what went wrong."""
    stack = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return str(stack[-1][-1]) if stack else type(error).__name__
