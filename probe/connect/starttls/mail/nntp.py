"""NNTP: CAPABILITIES, then STARTTLS (RFC 4642; RFC 8143).

The check sends STARTTLS even if the server does not know CAPABILITIES: its answer shows whether it has TLS.
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
from probe.connect.starttls.units import dotted, line, lists
from probe.dialogue.answer import ConnectFailure
from probe.dialogue.before_tls.injection import injection
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Script, Turn

OWN: Final = "NNTP"

INJECTION: Final = injection(
    b"STARTTLS\r\n", b"CAPABILITIES\r\n", b"QUIT\r\n", rb"\A(?!205)\d{3}[ -]", rb"\A205[ -]"
)


def _capabilities() -> Script[bytes | ConnectFailure]:
    greeting = yield Turn(until=line, what="the NNTP greeting")
    if re.match(rb"(400|50[0-9])\b", greeting):
        return turned_away(greeting)
    if not re.match(rb"20[01]\b", greeting):
        return unexpected(OWN, greeting)
    return (yield Turn(say=b"CAPABILITIES\r\n", until=dotted, what="the answer to CAPABILITIES"))


def upgrade(_: Peer) -> UpgradeScript:
    """Sends STARTTLS if it is listed, or if the server has no list."""
    listed = yield from _capabilities()
    if isinstance(listed, ConnectFailure):
        return listed
    has_list = listed.startswith(b"101")
    if has_list and not lists(listed, b"STARTTLS"):
        return not_offered("NNTP does not list STARTTLS")
    heard = yield Turn(say=b"STARTTLS\r\n", until=line, what="the answer to STARTTLS")
    if heard.startswith(b"382"):
        return Upgraded()
    if heard.startswith(b"400"):
        return turned_away(heard)
    if has_list:
        return declined("STARTTLS is refused", heard)
    if re.match(rb"5\d\d\b", heard):
        return not_offered(f"NNTP has no list of capabilities, nor STARTTLS: {quoted(heard)}")
    return unexpected(OWN, heard)


def in_plaintext(findings: PlaintextFindings, _: Peer) -> Script[None]:
    """Reads what is possible before TLS, sends MODE READER, and quits."""
    listed = yield from _capabilities()
    if isinstance(listed, ConnectFailure):
        return
    if listed.startswith(b"101"):
        is_offered = lists(listed, b"STARTTLS")
        listed_or_not = "lists" if is_offered else "does not list"
        findings.offered(holds=is_offered, note=f"CAPABILITIES {listed_or_not} STARTTLS")
        findings.login(_mechanisms(listed))
    heard = yield Turn(say=b"MODE READER\r\n", until=line, what="the answer to MODE READER")
    if re.match(rb"(20[01]|480|483)\b", heard):
        is_led_on = not heard.startswith(b"483")
        findings.goes_on(holds=is_led_on, note=f"MODE READER in plaintext: {quoted(heard)}")
    yield Turn(say=b"QUIT\r\n", until=line, what="the farewell")


def _mechanisms(listed: bytes) -> str:
    words: list[str] = []
    for keyword in (b"AUTHINFO", b"SASL"):
        found = re.search(rb"^" + keyword + rb" ([^\r\n]+)", listed, re.MULTILINE | re.IGNORECASE)
        words += quoted(found[1]).split() if found else []
    return " ".join(word for word in words if word.upper() != "SASL")
