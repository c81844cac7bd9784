"""One full handshake by pyOpenSSL over memory BIOs, mostly without a client certificate.

It shows what TLS 1.3 encrypts: the chain and the CertificateRequest. Where a certificate was
requested it reads on after the handshake, for a TLS 1.3 server refuses only then, with
``certificate_required`` (RFC 9846, section 4.4.2.4). What else is to be learnt from a finished
handshake is its afterword: a ticket, another handshake, a record that is wrong in one place.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final, cast

from cryptography.hazmat.bindings.openssl.binding import Binding
from OpenSSL import SSL, crypto

from model.protocol_version import ProtocolVersion
from model.registry import CIPHER_SUITES, alert_name, cipher_suite_by_code_point
from probe.crypto.cbc_records import Secrets, application_data
from probe.crypto.throwaway import throwaway_certificate, throwaway_key
from probe.tls.answer import Ending
from probe.tls.handshake import Afterword, Handshake, HandshakeEnd, HandshakeOffer, Presented
from probe.tls.session_in_clear import SessionInClear

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
_ECDSA_BELOW_TLS13: Final = b"ECDHE-ECDSA-AES128-GCM-SHA256"
"""In every hello of TLS 1.3, for HAProxy 2.6 serves its ECDSA chain only to who offers such a suite."""

_EVERY_GROUP = (
    b"X25519:P-256:P-384:P-521:?X448:?brainpoolP256r1tls13:?brainpoolP384r1tls13"
    b":?brainpoolP512r1tls13:?ffdhe2048:?ffdhe3072:?ffdhe4096:?ffdhe6144:?ffdhe8192"
    b":?X25519MLKEM768:?SecP256r1MLKEM768:?SecP384r1MLKEM1024:?MLKEM512:?MLKEM768:?MLKEM1024"
)
"""The cheap one first, for a share of it alone is sent: others come by HelloRetryRequest, and
the hello fits one TCP segment."""

_OP_LEGACY_SERVER_CONNECT = 0x4
"""Talks to servers without RFC 5746, as SSL_OP_LEGACY_SERVER_CONNECT in OpenSSL's ssl.h."""

_OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION = 0x40000
"""Renegotiates with them too."""

_OP_NO_ENCRYPT_THEN_MAC = 0x80000
"""MAC and padding are only told apart where the MAC comes first."""

_SPOILED = {Afterword.SPOILED_PADDING, Afterword.SPOILED_MAC}
_SPOILED_CONTENT: Final = b"GET / HTTP/1.0\r\n\r\n"
"""Something that most servers would answer, had it come in a right record."""

_SHOWN: Final = {
    Presented.NOTHING: "without a client certificate",
    Presented.SELF_SIGNED: "with a self-signed client certificate",
    Presented.IMPOSTOR: "with a client certificate that claims an issuer which did not sign it",
}
_MOST_BYTES = 2**18
_KEPT_LENGTH = 2048
_CLOSE_NOTIFY = 0
_READ_LENGTH = 65536
_LONGEST_BLOCK = 16
_STATUS_LENGTH = len(b"HTTP/1.1 400 ")
_SUITES = {suite.openssl_name: suite for suite in CIPHER_SUITES if suite.openssl_name}


@lru_cache(maxsize=64)
def _context(
    version: ProtocolVersion,
    signature_schemes: tuple[str, ...],
    cipher_suites: tuple[int, ...],
    options: int,
) -> SSL.Context:
    """A context for one kind of handshake; most kinds are used again and again.

    Raises:
        ValueError: where the library knows none of the signature schemes or groups.
        SSL.Error: where it knows none of the cipher suites.
    """
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    context.set_options(_OP_LEGACY_SERVER_CONNECT | options)
    context.set_verify(SSL.VERIFY_NONE)
    context.set_cipher_list(_ciphers(version, cipher_suites))
    context.set_tls13_ciphersuites(_EVERY_TLS13_SUITE)
    is_tls13 = version is ProtocolVersion.TLSV1_3
    context.set_min_proto_version(SSL.TLS1_2_VERSION if is_tls13 else HANDSHAKE_VERSIONS[version])
    context.set_max_proto_version(HANDSHAKE_VERSIONS[version])
    _set_list(Binding().lib.SSL_CTX_set1_curves_list, context, _EVERY_GROUP)
    if signature_schemes:
        # The question mark lets OpenSSL skip what it lacks.
        wanted = ":".join(f"?{name}" for name in signature_schemes).encode("ascii")
        _set_list(Binding().lib.SSL_CTX_set1_sigalgs_list, context, wanted)
    return context


def _ciphers(version: ProtocolVersion, code_points: tuple[int, ...]) -> bytes:
    """OpenSSL's names of these suites below TLS 1.3, or all that it has."""
    if version is ProtocolVersion.TLSV1_3:
        return _ECDSA_BELOW_TLS13
    if not code_points:
        return _EVERY_CIPHER
    suites = (cipher_suite_by_code_point(code_point) for code_point in code_points)
    names = [suite.openssl_name for suite in suites if suite and suite.openssl_name]
    return ":".join([*names, "@SECLEVEL=0"]).encode("ascii")


def _options(offer: HandshakeOffer) -> int:
    options = 0 if offer.wants_ticket else SSL.OP_NO_TICKET
    if offer.afterword is Afterword.RENEGOTIATION:
        options |= _OP_ALLOW_UNSAFE_LEGACY_RENEGOTIATION
    if offer.afterword in _SPOILED:
        options |= _OP_NO_ENCRYPT_THEN_MAC
    return options


def _set_list(setter: Callable[[Any, bytes], int], context: SSL.Context, names: bytes) -> None:
    """What pyOpenSSL has no method for."""
    if not setter(context._context, names):
        raise ValueError(f"OpenSSL knows none of {names.decode('ascii')}")


class OpenSslHandshake:
    """The client's side of one handshake, as a Dialogue.

    ``resumed`` is an earlier one's ``session``, which is there once a ticket of TLS 1.3 came.
    """

    def __init__(self, offer: HandshakeOffer, resumed: SSL.Session | None = None) -> None:
        self._offer = offer
        self._connection = SSL.Connection(
            _context(offer.version, offer.signature_schemes, offer.cipher_suites, _options(offer)),
            None,
        )
        self._connection.set_connect_state()
        if offer.server_name is not None:
            self._connection.set_tlsext_host_name(offer.server_name.encode("ascii"))
        if offer.alpn_protocols:
            wanted = [name.encode("ascii") for name in offer.alpn_protocols]
            self._connection.set_alpn_protos(wanted)
        if resumed is not None:
            self._connection.set_session(resumed)
        if offer.presents is not Presented.NOTHING:
            self._connection.use_certificate(throwaway_certificate(offer.claimed_issuer))
            self._connection.use_privatekey(throwaway_key())
        self._connection.set_info_callback(self._notice)
        self._send: Callable[[bytes], None] | None = None
        self._session_in_clear = SessionInClear()
        self._requested = False
        self._alert: int | None = None
        self._is_finished = False
        self._offered = b""
        self._answered = b""
        self._last_sent = b""
        self._received = 0
        self._has_ticket = False
        self._reply = b""
        self.session: SSL.Session | None = None

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
        if self._offer.version < ProtocolVersion.TLSV1_3:
            self._session_in_clear.feed(received)
        self._connection.bio_write(received)
        return self._read_on() if self._is_finished else self._advance()

    def end(self, ending: Ending) -> Handshake:
        """The outcome when nothing more will come."""
        is_silence = ending is Ending.SILENCE
        if self._is_finished and self._offer.afterword is not Afterword.NOTHING:
            return self._accepted(HandshakeEnd.UNFINISHED if is_silence else HandshakeEnd.REFUSED)
        if self._is_finished:
            note = f"{ending.value} after the handshake {self._shown}, without a word on it"
            return self._outcome(HandshakeEnd.UNFINISHED, note)
        if self._requested and not is_silence:
            note = f"{ending.value} in a handshake {self._shown}"
            return self._outcome(HandshakeEnd.REFUSED, note)
        return self._outcome(HandshakeEnd.UNFINISHED, f"{ending.value} in the handshake")

    @property
    def _shown(self) -> str:
        return _SHOWN[self._offer.presents]

    def _advance(self) -> Handshake | None:
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            self._flush()
            return None
        except SSL.Error as error:
            self._flush()
            return self._failed(error)
        self._flush()
        if self._connection.get_protocol_version() != HANDSHAKE_VERSIONS[self._offer.version]:
            return self._outcome(HandshakeEnd.UNFINISHED, "the server chose a lower version")
        self._is_finished = True
        return self._say_afterword()

    def _say_afterword(self) -> Handshake | None:
        is_tls13 = self._offer.version >= ProtocolVersion.TLSV1_3
        match self._offer.afterword:
            case Afterword.RENEGOTIATION:
                self._connection.renegotiate()
                return self._renegotiate()
            case Afterword.HTTP:
                self._connection.send(_request(self._offer.server_name))
                self._flush()
                return None
            case Afterword.SPOILED_PADDING | Afterword.SPOILED_MAC:
                return self._say(self._spoiled_record())
            case Afterword.SESSION if not is_tls13:
                return self._accepted()
            case Afterword.NOTHING if not (self._requested and is_tls13):
                return self._accepted()
            case _:
                self._connection.shutdown()
                self._flush()
                return None

    def _read_on(self) -> Handshake | None:
        """What the bytes behind our Finished mean.

        Session tickets, data and ``close_notify`` come only from a server that took our Finished.
        """
        if self._offer.afterword is Afterword.RENEGOTIATION:
            return self._renegotiate()
        try:
            self._reply += self._connection.recv(_READ_LENGTH)[: _KEPT_LENGTH - len(self._reply)]
            if self._offer.afterword is Afterword.HTTP and len(self._reply) < _STATUS_LENGTH:
                return None
        except SSL.WantReadError:
            if self._offer.afterword is Afterword.HTTP:
                return None
            is_over = self._offer.afterword is Afterword.NOTHING or self._has_ticket
            return self._accepted() if is_over else None
        except SSL.ZeroReturnError:
            is_spoiled = self._offer.afterword in _SPOILED
            return self._accepted(HandshakeEnd.UNFINISHED if is_spoiled else None)
        except SSL.Error as error:
            is_answer = self._offer.afterword in _SPOILED
            return self._accepted(HandshakeEnd.REFUSED) if is_answer else self._failed(error)
        return self._accepted(HandshakeEnd.ACCEPTED)

    def _renegotiate(self) -> Handshake | None:
        """RFC 5746, section 3.5; a server says no by ``no_renegotiation``, or hangs up."""
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            self._flush()
            return None
        except SSL.Error:
            return self._accepted(HandshakeEnd.REFUSED)
        return self._accepted(HandshakeEnd.ACCEPTED)

    def _spoiled_record(self) -> bytes:
        """Empty where no such record can be made of what was agreed on."""
        suite = _SUITES.get(self._connection.get_cipher_name() or "")
        main_secret = self._connection.master_key()
        client_random = self._connection.client_random()
        server_random = self._connection.server_random()
        if not (suite and suite.is_aes_cbc and main_secret and client_random and server_random):
            return b""
        secrets = Secrets(
            version=self._offer.version,
            suite=suite,
            main_secret=main_secret,
            client_random=client_random,
            server_random=server_random,
            last_block=self._last_sent[-_LONGEST_BLOCK:],
        )
        return application_data(
            _SPOILED_CONTENT,
            secrets,
            spoils_mac=self._offer.afterword is Afterword.SPOILED_MAC,
            spoils_padding=self._offer.afterword is Afterword.SPOILED_PADDING,
        )

    def _say(self, record: bytes) -> Handshake | None:
        if not record or self._send is None:
            return self._accepted()
        self._send(record)
        return None

    def _failed(self, error: SSL.Error) -> Handshake:
        if self._alert is None:
            return self._outcome(HandshakeEnd.UNFINISHED, f"OpenSSL gave up: {_reason(error)}")
        note = f"alert {alert_name(self._alert)}"
        if self._requested:
            return self._outcome(HandshakeEnd.REFUSED, f"{note} in a handshake {self._shown}")
        return self._outcome(HandshakeEnd.DECLINED, f"{note} in the handshake")

    def _accepted(self, afterword: HandshakeEnd | None = None) -> Handshake:
        asked = "a client certificate was requested" if self._requested else "none was requested"
        note = f"handshake finished {self._shown}; {asked}"
        return self._outcome(HandshakeEnd.ACCEPTED, note, afterword)

    def _outcome(
        self, end: HandshakeEnd, note: str, afterword: HandshakeEnd | None = None
    ) -> Handshake:
        is_the_version = (
            self._connection.get_protocol_version() == HANDSHAKE_VERSIONS[self._offer.version]
        )
        chain = (self._connection.get_peer_cert_chain() or []) if is_the_version else []
        authorities = self._connection.get_client_ca_list() if self._requested else []
        ticket = self._session_in_clear.ticket
        if self._has_ticket:
            self.session = self._connection.get_session()
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
            session_id=self._session_in_clear.session_id,
            ticket=ticket.ticket if ticket else b"",
            ticket_lifetime_seconds=ticket.lifetime_seconds if ticket else None,
            early_data_bytes=_early_data_bytes(self.session),
            is_resumed=bool(Binding().lib.SSL_session_reused(_pointer(self._connection, "_ssl"))),
            afterword=afterword,
            reply=self._reply if self._offer.afterword is Afterword.HTTP else b"",
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
        self._last_sent = outgoing
        if self._send is not None:
            self._send(outgoing)

    def _notice(self, connection: SSL.Connection, where: int, value: int) -> None:
        if where & SSL.SSL_CB_LOOP:
            state = connection.get_state_string().lower()
            self._requested = self._requested or b"read server certificate request" in state
            is_ticket = self._is_finished and b"session ticket" in state
            self._has_ticket = self._has_ticket or is_ticket
        elif where == SSL.SSL_CB_READ_ALERT and value & 0xFF != _CLOSE_NOTIFY:
            self._alert = value & 0xFF


def _pointer(holder: object, name: str) -> Any:
    """OpenSSL's own object, which pyOpenSSL has no method for."""
    return cast(Any, getattr(holder, name))


def _early_data_bytes(session: SSL.Session | None) -> int | None:
    """RFC 9846, section 4.6.1: max_early_data_size, 0 where the ticket allows none."""
    if session is None:
        return None
    return int(Binding().lib.SSL_SESSION_get_max_early_data(_pointer(session, "_session")))


def _request(server_name: str | None) -> bytes:
    """The shortest request that every HTTP server answers with a status."""
    host = server_name or "localhost"
    return f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode("ascii")


def _reason(error: SSL.Error) -> str:
    """OpenSSL's last word on what went wrong."""
    stack = error.args[0] if error.args and isinstance(error.args[0], list) else []
    return str(stack[-1][-1]) if stack else type(error).__name__
