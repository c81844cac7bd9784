"""SMTP, submission and LMTP: EHLO or LHLO, then STARTTLS (RFC 3207; LMTP: RFC 2033).

The client waits for the greeting, because some servers reject clients that speak first (postscreen). 4xx or
5xx instead of a greeting rejects the client and says nothing about TLS. A server may refuse our first name, with
4xx or 5xx, and accept the second; one that knows only HELO has no extensions (RFC 5321, section 4.1.1.1).
Firewalls (Cisco's fixup) overwrite STARTTLS with X.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Final

from probe.connect.starttls.outcome import (
    Upgraded,
    UpgradeOutcome,
    UpgradeScript,
    declined,
    not_offered,
    quoted,
    turned_away,
    unexpected,
)
from probe.connect.starttls.peer import Peer
from probe.connect.starttls.units import reply
from probe.dialogue.answer import ConnectFailure
from probe.dialogue.before_tls.greetings import greeting_of
from probe.dialogue.before_tls.injection import injection
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Script, Turn

_NAMES: Final = (b"tlsprobe.invalid", b"[127.0.0.1]")
"""Our name in EHLO; the second is for servers that need an address if the name is unknown."""

_CLOSES: Final = b"421"
_NO_COMMAND: Final = (b"500", b"501", b"502", b"503", b"504")

_MASKED: Final = re.compile(rb"^250[ -]X{7}[XA-Z]?\r?$", re.MULTILINE)

INJECTION: Final = injection(
    b"STARTTLS\r\n", b"RSET\r\n", b"QUIT\r\n", rb"\A(?!221)\d{3}[ -]", rb"\A221[ -]"
)


def _introduced(verb: bytes, own: str) -> Script[bytes | ConnectFailure]:
    """Returns the server's extensions: none if it accepts only HELO."""
    greeting = yield Turn(until=reply, what=f"the {own} greeting")
    if greeting[:1] in {b"4", b"5"} and greeting[1:3].isdigit():
        return turned_away(greeting)
    shown = greeting_of(greeting)
    if not greeting.startswith(b"220") or (shown is not None and shown.protocol == "ftp"):
        return unexpected(own, greeting)
    heard = b""
    for name in _NAMES:
        heard = yield Turn(say=verb + b" " + name + b"\r\n", until=reply, what="the answer to EHLO")
        if heard.startswith(b"250"):
            return heard
        if heard.startswith(_CLOSES):
            return turned_away(heard)
    if verb == b"EHLO" and heard.startswith(_NO_COMMAND):
        hello = b"HELO " + _NAMES[0] + b"\r\n"
        heard = yield Turn(say=hello, until=reply, what="the answer to HELO")
        if heard.startswith(b"250"):
            return b""
    is_refusal = heard[:1] in {b"4", b"5"} and heard[1:3].isdigit()
    return turned_away(heard) if is_refusal else unexpected(own, heard)


def upgrade(_: Peer, *, verb: bytes, own: str) -> UpgradeScript:
    """Introduces itself and sends STARTTLS."""
    extensions = yield from _introduced(verb, own)
    if isinstance(extensions, ConnectFailure):
        return extensions
    if not _lists(extensions, b"STARTTLS"):
        words = " (a device on the path masks it)" if _MASKED.search(extensions) else ""
        words = words if extensions else ": it does not know EHLO"
        return not_offered(f"{own} does not list STARTTLS{words}")
    heard = yield Turn(say=b"STARTTLS\r\n", until=reply, what="the answer to STARTTLS")
    return _begun(heard)


def _begun(heard: bytes) -> UpgradeOutcome:
    if heard.startswith(b"220"):
        return Upgraded()
    return (
        turned_away(heard) if heard.startswith(b"421") else declined("STARTTLS is refused", heard)
    )


def in_plaintext(findings: PlaintextFindings, _: Peer, *, verb: bytes, own: str) -> Script[None]:
    """Reads what the server offers without TLS; begins a message with an empty sender, and resets it."""
    extensions = yield from _introduced(verb, own)
    if isinstance(extensions, ConnectFailure):
        return
    is_offered = _lists(extensions, b"STARTTLS")
    listed = "lists" if is_offered else "does not list"
    findings.offered(holds=is_offered, note=f"{verb.decode()} {listed} STARTTLS")
    findings.login(_mechanisms(extensions))
    heard = yield Turn(say=b"MAIL FROM:<>\r\n", until=reply, what="the answer to MAIL")
    if heard.startswith((b"250", b"530")):
        findings.goes_on(holds=heard.startswith(b"250"), note=f"MAIL in plaintext: {quoted(heard)}")
    yield Turn(say=b"QUIT\r\n", until=reply, what="the farewell")


def _lists(extensions: bytes, keyword: bytes) -> bool:
    return (
        re.search(rb"^250[ -]" + keyword + rb"\b", extensions, re.MULTILINE | re.IGNORECASE)
        is not None
    )


def _mechanisms(extensions: bytes) -> str:
    listed = re.search(rb"^250[ -]AUTH[ =]([^\r\n]*)", extensions, re.MULTILINE | re.IGNORECASE)
    return quoted(listed[1]) if listed and listed[1].strip() else ""


SMTP: Final = partial(upgrade, verb=b"EHLO", own="SMTP")
LMTP: Final = partial(upgrade, verb=b"LHLO", own="LMTP")
SMTP_IN_PLAINTEXT: Final = partial(in_plaintext, verb=b"EHLO", own="SMTP")
LMTP_IN_PLAINTEXT: Final = partial(in_plaintext, verb=b"LHLO", own="LMTP")
