"""One full handshake by pyOpenSSL over memory BIOs, mostly without a client certificate.

It shows what TLS 1.3 encrypts: the chain and the CertificateRequest. If the server requested a certificate,
the client reads on after the handshake, because only then does a TLS 1.3 server refuse, with
``certificate_required`` (RFC 9846, section 4.4.2.4). A post-handshake action learns more from a finished
handshake: a ticket, another handshake, or a record that is wrong in one place.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, cast

from cryptography.hazmat.bindings.openssl.binding import Binding
from OpenSSL import SSL

from model.protocol_version import ProtocolVersion
from model.registry import alert_name
from probe.connect.openssl.bounds import beyond_handshakes
from probe.connect.openssl.contexts import (
    HANDSHAKE_VERSIONS,
    SPOILED,
    context_for,
    last_error,
    negotiated_group,
    negotiated_suite,
    requested_authorities,
    served_certificates,
    set_groups,
)
from probe.connect.openssl.reply import AwaitedReply
from probe.connect.openssl.spoiled_record import spoiled_record
from probe.crypto.identity import ClientIdentity
from probe.crypto.throwaway import throwaway_certificate, throwaway_key
from probe.dialogue.answer import Ending
from probe.dialogue.before_tls.denied_login import DeniedLogin
from probe.dialogue.handshake import (
    ASKING,
    USERS_OWN,
    Handshake,
    HandshakeEnd,
    HandshakeOffer,
    PostHandshakeAction,
    Presented,
)
from probe.dialogue.session_reader import SessionInPlaintext
from probe.tls.limits import MAX_ANSWER_LENGTH
from probe.web.cookies import mask_cookies

_SHOWN: Final = {
    Presented.NOTHING: "without a client certificate",
    Presented.SELF_SIGNED: "with a self-signed client certificate",
    Presented.OWN: "with the user's client certificate",
    Presented.EXPIRED: "with the user's expired client certificate",
    Presented.IMPOSTOR: "with a client certificate that claims an issuer which did not sign it",
}
_KEPT_LENGTH = 2048
_WAITING: Final = frozenset({PostHandshakeAction.NOTHING, PostHandshakeAction.LISTEN})
"""These actions send nothing, so the end of the connection is not an answer to our data."""

_LOGIN_FITS: Final = _WAITING | {PostHandshakeAction.SESSION, PostHandshakeAction.HTTP}
"""A login can take the place of these actions."""

_FATAL = 2
"""Java sends the warning ``user_canceled`` before it closes; that is not a refusal."""

_READ_LENGTH = 65536


class OpenSslHandshake:
    """The client's side of one handshake, as a Dialogue.

    ``resumed`` is the ``session`` of an earlier handshake, which exists once a TLS 1.3 ticket came;
    ``identity`` is the user's client certificate. Throwaway certificates are valid at the aware time ``at``.
    A ``login`` ends the connection where it can. ValueError if OpenSSL cannot make the hello.
    """

    def __init__(
        self,
        offer: HandshakeOffer,
        resumed: SSL.Session | None = None,
        identity: ClientIdentity | None = None,
        *,
        at: datetime,
        login: DeniedLogin | None = None,
    ) -> None:
        self._offer = offer
        self._login = login if offer.post_handshake in _LOGIN_FITS else None
        self._action = offer.post_handshake if self._login is None else PostHandshakeAction.WORDS
        own = identity if offer.presents in USERS_OWN else None
        self._connection = SSL.Connection(context_for(offer, own), None)
        self._connection.set_connect_state()
        set_groups(self._connection, offer)
        if offer.server_name is not None:
            self._connection.set_tlsext_host_name(offer.server_name.encode("ascii"))
        if offer.alpn_protocols:
            wanted = [name.encode("ascii") for name in offer.alpn_protocols]
            self._connection.set_alpn_protos(wanted)
        if resumed is not None:
            self._connection.set_session(resumed)
        if offer.is_open_to_requests:
            Binding().lib.SSL_set_post_handshake_auth(_pointer(self._connection, "_ssl"), 1)
        if own is not None:
            self._connection.use_certificate(own.certificate)
            self._connection.use_privatekey(own.key)
        elif offer.presents is not Presented.NOTHING:
            self._connection.use_certificate(throwaway_certificate(at, offer.claimed_issuer))
            self._connection.use_privatekey(throwaway_key())
        self._connection.set_info_callback(self._notice)
        self._send: Callable[[bytes], None] | None = None
        self._session_in_plaintext = SessionInPlaintext()
        self._requested = False
        self._alert: int | None = None
        self._is_finished = False
        self._offered = b""
        self._answered = b""
        self._last_sent = b""
        self._received = 0
        self._has_ticket = False
        self._reply = AwaitedReply(self._action)
        self._ending: Ending | None = None
        self.session: SSL.Session | None = None

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends the hello."""
        self._send = send
        self._advance()

    def feed(self, received: bytes) -> Handshake | None:
        """Takes the server's bytes; returns the outcome once it is known."""
        self._received += len(received)
        self._answered += received[: _KEPT_LENGTH - len(self._answered)]
        if self._received > MAX_ANSWER_LENGTH:
            return self._outcome(HandshakeEnd.UNFINISHED, "more bytes than a normal handshake has")
        if self._offer.version < ProtocolVersion.TLSV1_3:
            self._session_in_plaintext.feed(received)
            if not self._is_finished and (reason := beyond_handshakes(self._session_in_plaintext)):
                return self._outcome(HandshakeEnd.UNFINISHED, reason)
        self._connection.bio_write(received)
        return self._read_on() if self._is_finished else self._advance()

    def end(self, ending: Ending) -> Handshake:
        """The outcome if nothing more will come."""
        self._ending = ending
        is_silence = ending is Ending.SILENCE
        if self._is_finished and self._action not in _WAITING:
            return self._accepted(HandshakeEnd.UNFINISHED if is_silence else HandshakeEnd.REFUSED)
        if self._is_finished:
            note = f"{ending.value} after the handshake {self._shown}, without an answer"
            return self._outcome(HandshakeEnd.UNFINISHED, note)
        if self._requested and not is_silence:
            note = f"{ending.value} in a handshake {self._shown}"
            return self._outcome(HandshakeEnd.REFUSED, note)
        return self._outcome(HandshakeEnd.UNFINISHED, f"{ending.value} in the handshake")

    @property
    def was_denied_login(self) -> bool:
        """Whether a login ended the connection, and the server answered it."""
        return self._login is not None and bool(self._reply.content)

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
        if self._connection.get_protocol_version() != HANDSHAKE_VERSIONS[self._offer.version]:
            self._flush()
            return self._outcome(HandshakeEnd.UNFINISHED, "the server chose a lower version")
        self._is_finished = True
        outcome = self._run_post_handshake()
        self._flush()
        return outcome

    def _run_post_handshake(self) -> Handshake | None:
        """Sends as much as possible together with our Finished.

        A server that refuses our certificate may have reset the connection before a second packet, and the
        error of sending it would lose the alert that came before.
        """
        is_tls13 = self._offer.version >= ProtocolVersion.TLSV1_3
        match self._action:
            case PostHandshakeAction.RENEGOTIATION:
                self._flush()
                self._connection.renegotiate()
                return self._renegotiate()
            case action if action in ASKING:
                return self._ask(self._login.in_tls if self._login else self._offer.asked)
            case PostHandshakeAction.SPOILED_PADDING | PostHandshakeAction.SPOILED_MAC:
                self._flush()
                return self._say(spoiled_record(self._connection, self._offer, self._last_sent))
            case PostHandshakeAction.SESSION if not is_tls13:
                return self._accepted()
            case PostHandshakeAction.NOTHING if not (self._requested and is_tls13):
                return self._accepted()
            case PostHandshakeAction.LISTEN:
                return None if is_tls13 else self._accepted()
            case _:
                self._connection.shutdown()
                return None

    def _read_on(self) -> Handshake | None:
        """Interprets the bytes after our Finished.

        Session tickets, data and ``close_notify`` come only from a server that accepted our Finished.
        """
        if self._action is PostHandshakeAction.RENEGOTIATION:
            return self._renegotiate()
        try:
            self._reply.add(self._connection.recv(_READ_LENGTH))
            while self._reply.wants_more:
                self._reply.add(self._connection.recv(_READ_LENGTH))
        except SSL.WantReadError:
            if self._login is not None:
                self._ask(self._login.answer(self._reply.content))
            self._flush()
            if self._action in ASKING:
                return None
            is_over = self._action is PostHandshakeAction.NOTHING or self._has_ticket
            return self._accepted() if is_over else None
        except SSL.ZeroReturnError:
            is_spoiled = self._action in SPOILED
            return self._accepted(HandshakeEnd.UNFINISHED if is_spoiled else None)
        except SSL.Error as error:
            if self._has_ticket and self._alert is None:
                return self._accepted()
            is_answer = self._action in SPOILED
            return self._accepted(HandshakeEnd.REFUSED) if is_answer else self._failed(error)
        return self._accepted(HandshakeEnd.ACCEPTED)

    def _ask(self, words: bytes) -> Handshake | None:
        if words:
            self._connection.send(words)
        return None

    def _renegotiate(self) -> Handshake | None:
        """RFC 5746, section 3.5; a server refuses with ``no_renegotiation``, or closes."""
        try:
            self._connection.do_handshake()
        except SSL.WantReadError:
            self._flush()
            return None
        except SSL.Error:
            return self._accepted(HandshakeEnd.REFUSED)
        return self._accepted(HandshakeEnd.ACCEPTED)

    def _say(self, record: bytes) -> Handshake | None:
        if not record or self._send is None:
            return self._accepted()
        self._send(record)
        return None

    def _failed(self, error: SSL.Error) -> Handshake:
        if self._alert is None:
            return self._outcome(HandshakeEnd.UNFINISHED, f"OpenSSL failed: {last_error(error)}")
        note = f"alert {alert_name(self._alert)}"
        if self._requested:
            return self._outcome(HandshakeEnd.REFUSED, f"{note} in a handshake {self._shown}")
        return self._outcome(HandshakeEnd.DECLINED, f"{note} in the handshake")

    def _accepted(self, post_handshake: HandshakeEnd | None = None) -> Handshake:
        asked = "a client certificate was requested" if self._requested else "none was requested"
        note = f"handshake finished {self._shown}; {asked}"
        return self._outcome(HandshakeEnd.ACCEPTED, note, post_handshake)

    def _outcome(
        self, end: HandshakeEnd, note: str, post_handshake: HandshakeEnd | None = None
    ) -> Handshake:
        is_the_version = (
            self._connection.get_protocol_version() == HANDSHAKE_VERSIONS[self._offer.version]
        )
        authorities = requested_authorities(self._connection) if self._requested else ()
        ticket = self._session_in_plaintext.ticket
        suite = negotiated_suite(self._connection)
        if self._has_ticket:
            self.session = self._connection.get_session()
        return Handshake(
            offer=self._offer,
            end=end,
            certificates=served_certificates(self._connection) if is_the_version else (),
            certificate_requested=self._requested,
            certificate_authorities=authorities,
            alpn_protocol=self._connection.get_alpn_proto_negotiated().decode("latin-1") or None,
            cipher_suite=suite.name if suite else None,
            group=negotiated_group(self._connection) if self._is_finished else None,
            alert=self._alert,
            session_id=self._session_in_plaintext.session_id,
            ticket=ticket.ticket if ticket else b"",
            ticket_lifetime_seconds=ticket.lifetime_seconds if ticket else None,
            early_data_bytes=_early_data_bytes(self.session),
            is_resumed=bool(Binding().lib.SSL_session_reused(_pointer(self._connection, "_ssl"))),
            post_handshake=post_handshake,
            reply=mask_cookies(self._reply.content),
            ending=self._ending,
            offered=self._offered,
            answered=self._answered,
            is_cut=self._received > len(self._answered),
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
        elif where == SSL.SSL_CB_READ_ALERT and value >> 8 == _FATAL:
            self._alert = value & 0xFF


def _pointer(holder: object, name: str) -> Any:
    """OpenSSL's own object, for calls that pyOpenSSL has no method for."""
    return cast(Any, getattr(holder, name))


def _early_data_bytes(session: SSL.Session | None) -> int | None:
    """RFC 9846, section 4.6.1: max_early_data_size, 0 if the ticket allows none."""
    if session is None:
        return None
    return int(Binding().lib.SSL_SESSION_get_max_early_data(_pointer(session, "_session")))
