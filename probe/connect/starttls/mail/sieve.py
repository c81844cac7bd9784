"""ManageSieve: the greeting lists capabilities, then STARTTLS (RFC 5804, sections 1.7 and 2.2)."""

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
from probe.connect.starttls.units import literals_quoted, with_literals
from probe.dialogue.answer import ConnectFailure
from probe.dialogue.before_tls.injection import injection
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Script, Turn

OWN: Final = "ManageSieve"
_END: Final = rb'(?:OK|NO|BYE)\b|[^"{]'
"""The response, or a line that no capability begins with: a string is quoted or a literal."""

INJECTION: Final = injection(
    b"STARTTLS\r\n", b'NOOP "tlsprobe"\r\n', b"LOGOUT\r\n", rb"\bTAG\b", rb"^OK\b"
)


def _capabilities() -> Script[bytes | ConnectFailure]:
    heard = yield Turn(until=with_literals(_END), what="the ManageSieve greeting")
    if not heard.startswith((b'"', b"{")):
        return turned_away(heard) if heard.startswith(b"BYE") else unexpected(OWN, heard)
    return turned_away(heard) if _answer(heard) == b"BYE" else heard


def upgrade(_: Peer) -> UpgradeScript:
    """Sends STARTTLS if it is listed."""
    heard = yield from _capabilities()
    if isinstance(heard, ConnectFailure):
        return heard
    if not _lists_starttls(heard):
        return not_offered("ManageSieve does not list STARTTLS")
    heard = yield Turn(
        say=b"STARTTLS\r\n", until=with_literals(_END), what="the answer to STARTTLS"
    )
    if _answer(heard) == b"OK":
        return Upgraded()
    return (
        turned_away(heard) if _answer(heard) == b"BYE" else declined("STARTTLS is refused", heard)
    )


def in_plaintext(findings: PlaintextFindings, _: Peer) -> Script[None]:
    """Reads what is possible before TLS, and logs out."""
    heard = yield from _capabilities()
    if isinstance(heard, ConnectFailure):
        return
    is_offered = _lists_starttls(heard)
    listed = "lists" if is_offered else "does not list"
    findings.offered(holds=is_offered, note=f"the greeting {listed} STARTTLS")
    sasl = re.search(
        rb'^"SASL" "([^"\r\n]*)"', literals_quoted(heard), re.MULTILINE | re.IGNORECASE
    )
    mechanisms = quoted(sasl[1]) if sasl and sasl[1].strip() else ""
    findings.login(mechanisms)
    offered = "a login" if mechanisms else "no login"
    findings.goes_on(holds=bool(mechanisms), note=f"{offered} is offered before TLS")
    yield Turn(say=b"LOGOUT\r\n", until=with_literals(_END), what="the farewell")


def _lists_starttls(heard: bytes) -> bool:
    listed = literals_quoted(heard)
    return re.search(rb'^"STARTTLS"', listed, re.MULTILINE | re.IGNORECASE) is not None


def _answer(heard: bytes) -> bytes:
    found = re.search(rb"^(OK|NO|BYE)\b", literals_quoted(heard), re.MULTILINE | re.IGNORECASE)
    return found[1].upper() if found else b""
