"""IMAP: CAPABILITY, then STARTTLS (RFC 9051, sections 6.1.1 and 6.2.1; RFC 2595).

``* PREAUTH`` instead of a greeting makes STARTTLS impossible: the session is already open, in plaintext.
"""

from __future__ import annotations

import re
from typing import Final

from probe.connect.starttls.outcome import (
    Upgraded,
    UpgradeScript,
    declined,
    not_offered,
    quoted,
    turned_away,
    unexpected,
)
from probe.connect.starttls.peer import Peer
from probe.connect.starttls.units import line, literals_quoted, tagged
from probe.dialogue.answer import ConnectFailure, FailureKind
from probe.dialogue.before_tls.injection import injection
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Script, Turn

OWN: Final = "IMAP"

INJECTION: Final = injection(
    b"a2 STARTTLS\r\n", b"a3 NOOP\r\n", b"a4 LOGOUT\r\n", rb"^a3 ", rb"^a4 |^\* BYE"
)


def _capabilities() -> Script[bytes | ConnectFailure]:
    greeting = yield Turn(until=line, what="the IMAP greeting")
    if re.match(rb"\* BYE\b", greeting, re.IGNORECASE):
        return turned_away(greeting)
    if re.match(rb"\* PREAUTH\b", greeting, re.IGNORECASE):
        return not_offered("IMAP greets with PREAUTH: no STARTTLS once logged in")
    if not re.match(rb"\* OK\b", greeting, re.IGNORECASE):
        return unexpected(OWN, greeting)
    what = "the answer to CAPABILITY"
    heard = yield Turn(say=b"a1 CAPABILITY\r\n", until=tagged(b"a1"), what=what)
    if _answer(heard, b"a1") == b"OK":
        return heard
    return turned_away(heard)


def upgrade(_: Peer) -> UpgradeScript:
    """Sends STARTTLS if it is listed."""
    heard = yield from _capabilities()
    if isinstance(heard, ConnectFailure):
        return heard
    if b"STARTTLS" not in _listed(heard):
        return not_offered("IMAP does not list STARTTLS")
    heard = yield Turn(say=b"a2 STARTTLS\r\n", until=tagged(b"a2"), what="the answer to STARTTLS")
    if _answer(heard, b"a2") == b"OK":
        return Upgraded()
    if _answer(heard, b"a2"):
        return declined("STARTTLS is refused", heard)
    return turned_away(heard)


def in_plaintext(findings: PlaintextFindings, _: Peer) -> Script[None]:
    """Reads what is possible before TLS, and logs out."""
    heard = yield from _capabilities()
    if isinstance(heard, ConnectFailure):
        if heard.kind is FailureKind.NOT_OFFERED:
            findings.goes_on(holds=True, note="the session is open in plaintext: PREAUTH")
        return
    words = _listed(heard)
    is_offered = b"STARTTLS" in words
    listed = "lists" if is_offered else "does not list"
    findings.offered(holds=is_offered, note=f"CAPABILITY {listed} STARTTLS")
    mechanisms = [quoted(word[5:]) for word in words if word.startswith(b"AUTH=")]
    if b"LOGINDISABLED" not in words:
        mechanisms.insert(0, "LOGIN")
    findings.login(" ".join(mechanisms))
    offered = "a login" if mechanisms else "no login"
    findings.goes_on(holds=bool(mechanisms), note=f"{offered} is offered before TLS")
    yield Turn(say=b"a3 LOGOUT\r\n", until=tagged(b"a3"), what="the farewell")


def _listed(heard: bytes) -> list[bytes]:
    """The capabilities, which a server may send in a response code instead (RFC 9051, section 7.1)."""
    lines = re.findall(
        rb"^(?:\* |(?:\*|a1) OK \[)CAPABILITY ([^\]\r\n]*)",
        literals_quoted(heard),
        re.MULTILINE | re.IGNORECASE,
    )
    return b" ".join(lines).upper().split()


def _answer(heard: bytes, tag: bytes) -> bytes:
    """OK, NO or BAD; empty if BYE came instead."""
    found = re.search(rb"^" + tag + rb" (OK|NO|BAD)\b", heard, re.MULTILINE | re.IGNORECASE)
    return found[1].upper() if found else b""
