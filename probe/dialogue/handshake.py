"""What a full handshake is asked for, and what it showed: values only.

Where TLS 1.3 encrypts the server's certificates and its CertificateRequest, and where
"requested" must be distinguished from "required", a hello is not enough and a handshake is finished.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Fact, Verdict
from probe.dialogue.answer import Ending


class HandshakeEnd(StrEnum):
    """How far a handshake went, mostly without a client certificate."""

    ACCEPTED = "accepted"
    """Both sides finished, and the server did not object afterwards."""
    REFUSED = "refused"
    """The server objected, by alert or by closing, once it had seen our part."""
    DECLINED = "declined"
    """An alert ended it before that."""
    UNFINISHED = "unfinished"
    """It broke off before that."""
    OPENED = "opened"
    """Nobody finished it: the server's flight was read to its CertificateVerify, and left there."""


class PostHandshakeAction(StrEnum):
    """What the client does once the handshake is finished."""

    NOTHING = "nothing"
    SESSION = "session"
    """It waits for a ticket of TLS 1.3, to resume the session by."""
    RENEGOTIATION = "renegotiation"
    """It begins another handshake on the same connection (RFC 5746), up to TLS 1.2."""
    SPOILED_PADDING = "spoiled_padding"
    """It sends a record whose CBC padding is wrong, and all else right; TLS 1.0 to 1.2."""
    SPOILED_MAC = "spoiled_mac"
    """The same with right padding and a wrong MAC."""
    LISTEN = "listen"
    """It says nothing and waits for a ticket, data or an alert. A server that reads more than it
    wants to when it refuses, such as our close_notify, resets, and its alert may be lost."""
    HTTP = "http"
    """It sends an HTTP request, for some servers refuse a client certificate no sooner."""
    HTTP_HEAD = "http_head"
    """The same, and it reads the whole head of the answer."""
    WORDS = "words"
    """It says the offer's words, if there are any, and reads what comes until the server hangs up."""


class Presented(StrEnum):
    """The client certificate that is shown where the server asks for one."""

    NOTHING = "nothing"
    SELF_SIGNED = "self_signed"
    IMPOSTOR = "impostor"
    """One that claims an issuer whose key did not sign it."""
    OWN = "own"
    """The user's, which the way to the endpoint knows."""
    EXPIRED = "expired"
    """Another of the user's, which has expired."""


USERS_OWN: Final = frozenset({Presented.OWN, Presented.EXPIRED})
"""Those whose key the way to the endpoint has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandshakeOffer:
    """A handshake at exactly ``version``.

    ``cipher_suites`` are code points, and all that the library has where there are none.
    ``wants_ticket`` is whether tickets up to TLS 1.2 are asked for. ``resumes`` the session that
    an earlier handshake of this visit left behind with the post-handshake action SESSION.
    ``signature_schemes`` are registry names; all that the library has where there are none.
    ``alpn_protocols`` are offered in their order, no ALPN at all where there are none.
    ``presents`` is the client certificate; ``claimed_issuer`` (a Name in DER) the impostor's.
    ``path`` is what the action HTTP asks for, as ``user_agent``, ``words`` what WORDS says. ``injects`` is said in clear in
    the same breath as the command that begins TLS (``probe.dialogue.before_tls.injection``); ``is_open_to_requests`` is whether the server may ask
    for a client certificate once the handshake is over: by another one (RFC 5246, section 7.4.1.1), or
    by post-handshake authentication (RFC 9846, section 4.7.2).
    """

    version: ProtocolVersion
    server_name: str | None
    signature_schemes: tuple[str, ...] = ()
    alpn_protocols: tuple[str, ...] = ()
    cipher_suites: tuple[int, ...] = ()
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Handshake:
    """What it showed. ``certificates`` and ``certificate_authorities`` (names) are DER.

    ``certificates`` begin with the leaf. ``note`` says in one sentence how it ended.
    ``cipher_suite`` is the registry's name of the one agreed on, where the handshake went as far.
    ``alert`` is the description of the server's fatal one. ``alpn_protocol`` is what the server
    took. ``session_id``, ``ticket`` and its lifetime are what a server up to TLS 1.2 gave to resume
    the session by; ``early_data_bytes`` is what a ticket of TLS 1.3 allows, None without ticket.
    ``post_handshake`` is how the server took it, ``reply`` the beginning of what it said to those of HTTP
    and to WORDS; ``ending`` is how the connection ended, where it did before all was known.
    ``offered`` and ``answered`` are the first bytes of each side.
    """

    offer: HandshakeOffer
    end: HandshakeEnd
    certificates: tuple[bytes, ...] = ()
    certificate_requested: bool = False
    certificate_authorities: tuple[bytes, ...] = ()
    alpn_protocol: str | None = None
    cipher_suite: str | None = None
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
    note: str = ""

    def evidence(self, note: str | None = None) -> Evidence:
        """The first bytes of each side as proof, with a sentence on how to read them."""
        return Evidence(
            offer=self.offered or None,
            answer=self.answered or None,
            note=note or self.note or None,
        )

    def fact(self, verdict: Verdict, note: str | None = None, value: str | None = None) -> Fact:
        """A verdict that rests on this handshake."""
        return Fact(verdict=verdict, evidence=self.evidence(note), value=value)
