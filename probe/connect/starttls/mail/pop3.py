"""POP3: CAPA, then STLS (RFC 2595, section 4; RFC 2449).

The check sends STLS even if the server does not know CAPA: its answer shows whether it has TLS.
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

OWN: Final = "POP3"
_TEMPORARY: Final = (b"[IN-USE]", b"[SYS/TEMP]", b"[LOGIN-DELAY]")

INJECTION: Final = injection(
    b"STLS\r\n", b"CAPA\r\n", b"QUIT\r\n", rb"^\.\r?$|\A[^\n]*\n[+-]", rb"\A\+OK[^\n]*\n\Z"
)


def _capabilities() -> Script[bytes | ConnectFailure]:
    greeting = yield Turn(until=line, what="the POP3 greeting")
    if greeting.startswith(b"-ERR"):
        return turned_away(greeting)
    if not greeting.startswith(b"+OK"):
        return unexpected(OWN, greeting)
    return (yield Turn(say=b"CAPA\r\n", until=dotted, what="the answer to CAPA"))


def upgrade(_: Peer) -> UpgradeScript:
    """Sends STLS if it is listed, or if the server has no list."""
    listed = yield from _capabilities()
    if isinstance(listed, ConnectFailure):
        return listed
    if listed.startswith(b"+OK") and not lists(listed, b"STLS"):
        return not_offered("POP3 does not list STLS")
    heard = yield Turn(say=b"STLS\r\n", until=line, what="the answer to STLS")
    if heard.startswith(b"+OK"):
        return Upgraded()
    if not heard.startswith(b"-ERR"):
        return unexpected(OWN, heard)
    if any(code in heard for code in _TEMPORARY):
        return turned_away(heard)
    if listed.startswith(b"+OK"):
        return declined("STLS is refused", heard)
    return not_offered(f"POP3 has no list of capabilities and no STLS: {quoted(heard)}")


def in_plaintext(findings: PlaintextFindings, _: Peer) -> Script[None]:
    """Reads what is possible before TLS, and quits."""
    listed = yield from _capabilities()
    if isinstance(listed, ConnectFailure) or not listed.startswith(b"+OK"):
        return
    is_offered = lists(listed, b"STLS")
    listed_or_not = "lists" if is_offered else "does not list"
    findings.offered(holds=is_offered, note=f"CAPA {listed_or_not} STLS")
    mechanisms = ["USER"] if lists(listed, b"USER") else []
    sasl = re.search(rb"^SASL ([^\r\n]*)", listed, re.MULTILINE | re.IGNORECASE)
    mechanisms += quoted(sasl[1]).split() if sasl and sasl[1].strip() else []
    findings.login(" ".join(mechanisms))
    offered = "a login" if mechanisms else "no login"
    findings.goes_on(holds=bool(mechanisms), note=f"{offered} is offered before TLS")
    yield Turn(say=b"QUIT\r\n", until=line, what="the farewell")
