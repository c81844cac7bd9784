"""A client as programs have it: one hello for all its versions, one handshake, and what it says afterwards.

It sends the offers of Go, as other monitoring programs do (blackbox_exporter, ssl_exporter), so that a server
chooses the same for us. It verifies nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Final, Protocol, TypeAlias

from cryptography.hazmat.bindings.openssl.binding import Binding
from OpenSSL import SSL

from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from model.registry import cipher_suite_by_code_point
from probe.connect.openssl.contexts import (
    HANDSHAKE_VERSIONS,
    last_error,
    negotiated_suite,
    served_certificates,
    set_list,
)
from probe.crypto.identity import ClientIdentity
from probe.dialogue.answer import Ending
from probe.tls.limits import MAX_ANSWER_LENGTH

_SIGNATURE_SCHEMES: Final = (
    b"?rsa_pss_rsae_sha256:?ecdsa_secp256r1_sha256:?ed25519:?rsa_pss_rsae_sha384:?rsa_pss_rsae_sha512"
    b":?rsa_pkcs1_sha256:?rsa_pkcs1_sha384:?rsa_pkcs1_sha512:?ecdsa_secp384r1_sha384"
    b":?ecdsa_secp521r1_sha512:?rsa_pkcs1_sha1:?ecdsa_sha1"
)
_TLS13_SUITES: Final = b"TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
_SUITES: Final = (
    0xC02F, 0xC02B, 0xC030, 0xC02C, 0xCCA8, 0xCCA9, 0xC013, 0xC009, 0xC014, 0xC00A,
    0x009C, 0x009D, 0x002F, 0x0035,
)  # fmt: skip
"""Go's suites up to TLS 1.2, in its order of preference, without those that our library no longer has."""

_GROUPS: Final = b"X25519:P-256:P-384:P-521:?X25519MLKEM768"
_READ_LENGTH: Final = 65536


class Talk(Protocol):
    """What the client says over TLS: a Dialogue whose result its owner reads from it."""

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the first bytes."""
        ...

    def feed(self, received: bytes) -> object | None:
        """Takes the server's bytes; returns something once it has ended."""
        ...

    def end(self, ending: Ending) -> object:
        """Nothing more will come."""
        ...


MakeTalk: TypeAlias = Callable[[str | None, tuple[bytes, ...]], Talk | None]


@frozen
class ClientOptions:
    """``versions`` are all that lie between the first and the last.

    ``talk`` is made once the handshake is finished, from the ALPN protocol that the server chose, if any, and its
    certificates; None says nothing.
    """

    versions: tuple[ProtocolVersion, ...]
    server_name: str | None
    alpn_protocols: tuple[str, ...] = ()
    identity: ClientIdentity | None = None
    talk: MakeTalk | None = None


@frozen
class ClientHandshake:
    """``failure`` is None if the client's side finished; at TLS 1.3 that is before a server may refuse it.

    ``certificates`` are DER, leaf first. ``staple`` is the stapled OCSP response, if any. The times are readings
    of the client's clock: when its hello went out, and when its side finished.
    """

    failure: str | None
    began_at: float
    finished_at: float | None = None
    version: ProtocolVersion | None = None
    cipher_suite: str | None = None
    certificates: tuple[bytes, ...] = ()
    staple: bytes = b""


class SimpleClient:
    """The client's side of one connection, as a Dialogue. ``monotonic`` is its clock."""

    def __init__(self, options: ClientOptions, monotonic: Callable[[], float]) -> None:
        self._options = options
        self._monotonic = monotonic
        self._connection = SSL.Connection(_context_for(options), None)
        self._connection.set_connect_state()
        self._connection.request_ocsp()
        if options.server_name is not None:
            self._connection.set_tlsext_host_name(options.server_name.encode("ascii"))
        if options.alpn_protocols:
            self._connection.set_alpn_protos([one.encode() for one in options.alpn_protocols])
        if options.identity is not None:
            self._connection.use_certificate(options.identity.certificate)
            self._connection.use_privatekey(options.identity.key)
        self._send: Callable[[bytes], None] | None = None
        self._talk: Talk | None = None
        self._received = 0
        self._began_at = 0.0
        self._finished_at: float | None = None

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the hello."""
        self._send = send
        self._began_at = self._monotonic()
        self._advance()

    def feed(self, received: bytes) -> ClientHandshake | None:
        """Takes the server's bytes; returns the outcome once the client has nothing more to say."""
        self._connection.bio_write(received)
        if self._talk is not None:
            return self._read_on(self._talk)
        self._received += len(received)
        if self._received > MAX_ANSWER_LENGTH:
            return self._outcome("the handshake has more bytes than a normal one")
        return self._advance()

    def end(self, ending: Ending) -> ClientHandshake:
        """The outcome if nothing more will come. Like Go's, this client accepts an end without close_notify."""
        if self._talk is None:
            return self._outcome(f"{ending.value} in the handshake")
        self._talk.end(ending)
        return self._outcome(None)

    def _advance(self) -> ClientHandshake | None:
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            self._flush()
            return None
        except SSL.Error as error:
            self._flush()
            return self._outcome(f"the handshake failed: {last_error(error)}")
        self._flush()
        self._finished_at = self._monotonic()
        if self._options.talk is not None:
            chosen = self._connection.get_alpn_proto_negotiated().decode("latin-1")
            self._talk = self._options.talk(chosen or None, served_certificates(self._connection))
        if self._talk is None:
            return self._outcome(None)
        self._talk.begin(self._say)
        return self._read_on(self._talk)

    def _read_on(self, talk: Talk) -> ClientHandshake | None:
        while True:
            try:
                received = self._connection.recv(_READ_LENGTH)
            except SSL.WantReadError:
                self._flush()
                return None
            except SSL.ZeroReturnError:
                talk.end(Ending.CLOSED)
                return self._outcome(None)
            except SSL.Error:
                talk.end(Ending.RESET)
                return self._outcome(None)
            if talk.feed(received) is not None:
                return self._outcome(None)

    def _say(self, outgoing: bytes) -> None:
        if outgoing:
            self._connection.send(outgoing)
            self._flush()

    def _flush(self) -> None:
        try:
            outgoing = self._connection.bio_read(_READ_LENGTH)
        except SSL.WantReadError:
            return
        if self._send is not None:
            self._send(outgoing)

    def _outcome(self, failure: str | None) -> ClientHandshake:
        connection, chain = self._connection, served_certificates(self._connection)
        suite = negotiated_suite(connection) if chain else None
        return ClientHandshake(
            failure=failure,
            began_at=self._began_at,
            finished_at=self._finished_at,
            version=_VERSIONS.get(connection.get_protocol_version()) if chain else None,
            cipher_suite=suite.name if suite else None,
            certificates=chain,
            staple=connection.get_app_data() or b"",
        )


_VERSIONS: Final = {number: version for version, number in HANDSHAKE_VERSIONS.items()}


@lru_cache(maxsize=16)
def _context(first: ProtocolVersion, last: ProtocolVersion) -> SSL.Context:
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_verify(SSL.VERIFY_NONE)
    suites = (cipher_suite_by_code_point(one) for one in _SUITES)
    names = [one.openssl_name for one in suites if one and one.openssl_name]
    context.set_cipher_list(":".join([*names, "@SECLEVEL=0"]).encode("ascii"))
    context.set_tls13_ciphersuites(_TLS13_SUITES)
    context.set_min_proto_version(HANDSHAKE_VERSIONS[first])
    context.set_max_proto_version(HANDSHAKE_VERSIONS[last])
    set_list(Binding().lib.SSL_CTX_set1_curves_list, context, _GROUPS)
    set_list(Binding().lib.SSL_CTX_set1_sigalgs_list, context, _SIGNATURE_SCHEMES)
    context.set_ocsp_client_callback(_note_staple)
    return context


def _context_for(options: ClientOptions) -> SSL.Context:
    """Not shared if issuers are sent, because OpenSSL stores them with the context."""
    ends = min(options.versions), max(options.versions)
    if options.identity is None or not options.identity.issuers:
        return _context(*ends)
    context = _context.__wrapped__(*ends)
    for issuer in options.identity.issuers:
        context.add_extra_chain_cert(issuer)
    return context


def _note_staple(connection: SSL.Connection, staple: bytes, _: object) -> bool:
    connection.set_app_data(staple)
    return True
