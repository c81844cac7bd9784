"""FTP: AUTH TLS on the control connection (RFC 4217, section 4).

FEAT is not sent first, because a server may have AUTH without listing it (RFC 4217, section 6): the answer to
AUTH shows it. In plaintext, a user name that need not exist shows whether the server continues a login
without TLS.
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
from probe.connect.starttls.units import ftp_reply
from probe.dialogue.answer import ConnectFailure
from probe.dialogue.before_tls.injection import injection
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Script, Turn

OWN: Final = "FTP"
_UNKNOWN: Final = (b"500", b"502", b"504", b"530", b"534", b"536")
"""No such command or mechanism; some servers require a login before any command (530)."""

_EXTENSIONS: Final = re.compile(
    rb"^ ?(AUTH\b[^\r\n]*TLS|PBSZ|PROT)\b", re.MULTILINE | re.IGNORECASE
)
"""vsftpd lists AUTH TLS only if TLS 1.0 is allowed, and always lists the two others."""

_WANTS_TLS: Final = re.compile(rb"\b(TLS|SSL|encrypt\w*|secur\w*)\b", re.IGNORECASE)

INJECTION: Final = injection(
    b"AUTH TLS\r\n", b"NOOP\r\n", b"QUIT\r\n", rb"\A(?!221)\d{3}[ -]", rb"\A221[ -]"
)


def _greeted() -> Script[ConnectFailure | None]:
    greeting = yield Turn(until=ftp_reply, what="the FTP greeting")
    if re.match(rb"(421|4\d\d|5\d\d)[ -]", greeting):
        return turned_away(greeting)
    if not greeting.startswith((b"220", b"120")) or re.search(rb"\b[EL]SMTP\b", greeting):
        return unexpected(OWN, greeting)
    if greeting.startswith(b"120"):
        greeting = yield Turn(until=ftp_reply, what="the FTP greeting")
    return None


def upgrade(_: Peer) -> UpgradeScript:
    """Sends AUTH TLS."""
    hindrance = yield from _greeted()
    if hindrance is not None:
        return hindrance
    heard = yield Turn(say=b"AUTH TLS\r\n", until=ftp_reply, what="the answer to AUTH TLS")
    if heard.startswith((b"234", b"334")):
        return Upgraded()
    if heard.startswith(b"421"):
        return turned_away(heard)
    if heard.startswith(_UNKNOWN):
        return not_offered(f"FTP has no AUTH TLS: {quoted(heard)}")
    if re.match(rb"\d{3}[ -]", heard):
        return declined("AUTH TLS is refused", heard)
    return unexpected(OWN, heard)


def in_plaintext(findings: PlaintextFindings, _: Peer) -> Script[None]:
    """Reads FEAT, sends a user name, and quits."""
    if (yield from _greeted()) is not None:
        return
    listed = yield Turn(say=b"FEAT\r\n", until=ftp_reply, what="the answer to FEAT")
    if listed.startswith(b"211"):
        is_listed = _EXTENSIONS.search(listed) is not None
        note = f"FEAT {'lists' if is_listed else 'does not list'} AUTH TLS or a related feature"
        findings.offered(holds=is_listed, note=note)
    heard = yield Turn(say=b"USER tlsprobe\r\n", until=ftp_reply, what="the answer to USER")
    note = f"USER in plaintext: {quoted(heard)}"
    if heard.startswith((b"331", b"230", b"332")):
        findings.login("USER")
        findings.goes_on(holds=True, note=note)
    elif heard.startswith((b"5", b"421")) and _WANTS_TLS.search(heard):
        findings.login("")
        findings.goes_on(holds=False, note=note)
    yield Turn(say=b"QUIT\r\n", until=ftp_reply, what="the farewell")
