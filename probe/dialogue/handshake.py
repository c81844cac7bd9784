"""The parameters of a full handshake, and what it showed: values only.

A hello is not enough if TLS 1.3 encrypts the server's certificates and its CertificateRequest, or if
"requested" must be distinguished from "required". Then a handshake is finished.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Fact, UnknownCause, Verdict
from probe.dialogue.answer import (
    AnswerReader,
    ConnectFailure,
    Ending,
    FailureKind,
    RetryRequest,
    conversation_evidence,
)
from probe.dialogue.exchange import AMBIGUOUS_ALERTS
from probe.tls.limits import MAX_EVIDENCE_LENGTH


class HandshakeEnd(StrEnum):
    """How far a handshake went, mostly without a client certificate."""

    ACCEPTED = "accepted"
    """Both sides finished, and the server did not object afterwards."""
    REFUSED = "refused"
    """The server refused, by alert or by closing, once it had seen our part."""
    DECLINED = "declined"
    """The server ended it before that: by an alert, or by closing twice around an answered control."""
    UNFINISHED = "unfinished"
    """It broke off before that."""
    OPENED = "opened"
    """It was not finished: the server's flight was read up to its CertificateVerify."""


class PostHandshakeAction(StrEnum):
    """What the client does once the handshake is finished."""

    NOTHING = "nothing"
    SESSION = "session"
    """Waits for a TLS 1.3 ticket, to resume the session."""
    RENEGOTIATION = "renegotiation"
    """Begins another handshake on the same connection (RFC 5746), up to TLS 1.2."""
    SPOILED_PADDING = "spoiled_padding"
    """Sends a record that is correct except for its CBC padding; TLS 1.0 to 1.2."""
    SPOILED_MAC = "spoiled_mac"
    """The same with correct padding and a wrong MAC."""
    LISTEN = "listen"
    """Sends nothing and waits for a ticket, data or an alert. If we sent more, such as our close_notify, a
    server that refuses without reading it would reset the connection, and its alert could be lost."""
    HTTP = "http"
    """Sends an HTTP request, because some servers refuse a client certificate only after one."""
    HTTP_HEAD = "http_head"
    """The same, and reads the whole head of the answer."""
    WORDS = "words"
    """Sends the offer's words, if there are any, and reads until the server closes."""
    COMMAND = "command"
    """Sends the offer's words and reads the first data of the answer."""


_HTTP: Final = frozenset({PostHandshakeAction.HTTP, PostHandshakeAction.HTTP_HEAD})
_WORDS: Final = frozenset({PostHandshakeAction.WORDS, PostHandshakeAction.COMMAND})

ASKING: Final = _HTTP | _WORDS
"""These actions need an answer."""


class Presented(StrEnum):
    """The client certificate that is presented if the server asks for one."""

    NOTHING = "nothing"
    SELF_SIGNED = "self_signed"
    IMPOSTOR = "impostor"
    """One that claims an issuer whose key did not sign it."""
    OWN = "own"
    """The user's certificate, which the transport has."""
    EXPIRED = "expired"
    """Another certificate of the user, which has expired."""


_ENDINGS: Final = {
    FailureKind.HUNG_UP: Ending.CLOSED,
    FailureKind.RESET: Ending.RESET,
    FailureKind.SILENT: Ending.SILENCE,
}

USERS_OWN: Final = frozenset({Presented.OWN, Presented.EXPIRED})
"""Certificates whose key the transport has."""


@frozen
class HandshakeOffer:
    """A handshake at exactly ``version``.

    ``cipher_suites`` are code points; all that the library has if empty. ``groups`` are registry names in
    their order, of which the first ``key_shares`` have a share in the first hello; all that the library has,
    with one cheap share, if empty. ``wants_ticket`` asks for tickets up
    to TLS 1.2. ``resumes`` is the session that an earlier handshake of this visit left with the
    post-handshake action SESSION. ``signature_schemes`` are registry names; all that the library has if
    empty. ``alpn_protocols`` are offered in their order; no ALPN if empty. ``presents`` selects the client
    certificate; ``claimed_issuer`` (a Name in DER) is the impostor's issuer. ``path`` is the path that the
    action HTTP requests, with ``user_agent``; ``words`` is what WORDS and COMMAND send. ``injects`` is sent in plaintext
    in the same packet as the command that begins TLS (``probe.dialogue.before_tls.injection``).
    ``is_open_to_requests`` is true if the server may ask for a client certificate after the handshake: by
    another handshake (RFC 5246, section 7.4.1.1), or by post-handshake authentication (RFC 9846, section
    4.7.2).
    """

    version: ProtocolVersion
    server_name: str | None
    signature_schemes: tuple[str, ...] = ()
    alpn_protocols: tuple[str, ...] = ()
    cipher_suites: tuple[int, ...] = ()
    groups: tuple[str, ...] = ()
    key_shares: int = 1
    wants_ticket: bool = True
    resumes: bool = False
    post_handshake: PostHandshakeAction = PostHandshakeAction.NOTHING
    presents: Presented = Presented.NOTHING
    claimed_issuer: bytes = b""
    path: str = "/"
    words: bytes = b""
    injects: bytes = b""
    is_open_to_requests: bool = False
    user_agent: str = ""

    @property
    def asked(self) -> bytes:
        """What is sent inside TLS once the handshake is finished; empty if nothing is."""
        if self.post_handshake in _HTTP:
            return self._request()
        return self.words if self.post_handshake in _WORDS else b""

    def _request(self) -> bytes:
        """The shortest request that every HTTP server answers with a status."""
        host = self.server_name or "localhost"
        agent = f"User-Agent: {self.user_agent}\r\n" if self.user_agent else ""
        head = f"GET {self.path} HTTP/1.1\r\nHost: {host}\r\n{agent}Connection: close\r\n\r\n"
        return head.encode("ascii")


@frozen
class Handshake:
    """The results of a handshake. ``certificates`` and ``certificate_authorities`` (names) are DER.

    ``certificates`` begin with the leaf. ``note`` says in one sentence how it ended. ``cipher_suite`` is the
    registry name of the negotiated suite, ``group`` that of the group of a
    finished key exchange, if the handshake went that far. ``alert`` is the description of the
    server's fatal alert. ``alpn_protocol`` is the protocol that the server chose. ``session_id``, ``ticket``
    and its lifetime are what a server up to TLS 1.2 gave for resumption; ``early_data_bytes`` is what a TLS
    1.3 ticket allows, None without a ticket. ``post_handshake`` is how the server reacted to the action,
    ``reply`` the beginning of its answer to the actions that need one. ``ending`` is how the connection
    ended, if it ended before all was known. ``offered`` and ``answered`` are the first bytes of each side;
    ``is_cut`` is true if the server sent more. ``failure`` is set if there was no connection on which it
    could begin.
    """

    offer: HandshakeOffer
    end: HandshakeEnd
    certificates: tuple[bytes, ...] = ()
    certificate_requested: bool = False
    certificate_authorities: tuple[bytes, ...] = ()
    alpn_protocol: str | None = None
    cipher_suite: str | None = None
    group: str | None = None
    alert: int | None = None
    session_id: bytes = b""
    ticket: bytes = b""
    ticket_lifetime_seconds: int | None = None
    early_data_bytes: int | None = None
    is_resumed: bool = False
    post_handshake: HandshakeEnd | None = None
    reply: bytes = b""
    ending: Ending | None = None
    offered: bytes = b""
    answered: bytes = b""
    is_cut: bool = False
    note: str = ""
    failure: ConnectFailure | None = None

    @classmethod
    def not_begun(cls, offer: HandshakeOffer, failure: ConnectFailure) -> Handshake:
        """A handshake without a connection on which it could begin; what came before TLS is its proof."""
        return cls(
            offer=offer,
            end=HandshakeEnd.UNFINISHED,
            ending=_ENDINGS.get(failure.kind),
            offered=failure.said,
            answered=failure.raw,
            is_cut=failure.is_cut,
            note=failure.detail,
            failure=failure,
        )

    @property
    def retry(self) -> RetryRequest | None:
        """The HelloRetryRequest that answered the first hello, if the server sent one."""
        answer = AnswerReader().feed(self.answered)
        return answer if isinstance(answer, RetryRequest) else None

    @property
    def is_finished(self) -> bool:
        """Whether both sides have the same keys, even if the server then refused the client."""
        return self.end is HandshakeEnd.ACCEPTED or self.group is not None

    @property
    def is_declined(self) -> bool:
        """Whether a fatal alert ended it that overload does not cause."""
        return self.end is HandshakeEnd.DECLINED and self.alert not in AMBIGUOUS_ALERTS

    @property
    def needs_client_certificate(self) -> bool:
        """Whether the server refused the client because it presented no certificate."""
        is_refused = self.certificate_requested and self.end is HandshakeEnd.REFUSED
        return is_refused and self.offer.presents is Presented.NOTHING

    def evidence(self, note: str | None = None) -> Evidence:
        """The first bytes of each side as proof, with a sentence on how to read them."""
        return Evidence(
            offer=self.offered or None,
            answer=self.answered or None,
            note=note or self.note or None,
            is_cut=self.is_cut,
        )

    def reply_evidence(self, note: str) -> Evidence:
        """What was sent and received inside TLS as proof."""
        is_cut = len(self.reply) > MAX_EVIDENCE_LENGTH
        heard = self.reply[:MAX_EVIDENCE_LENGTH]
        return conversation_evidence(self.offer.asked, heard, note, is_cut=is_cut)

    def fact(self, verdict: Verdict, note: str | None = None, value: str | None = None) -> Fact:
        """A verdict that rests on this handshake."""
        is_withheld = verdict is Verdict.UNKNOWN and self.needs_client_certificate
        cause = UnknownCause.NEEDS_CLIENT_CERTIFICATE if is_withheld else None
        return Fact(verdict=verdict, evidence=self.evidence(note), value=value, cause=cause)
