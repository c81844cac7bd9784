"""IRC: CAP LS, then STARTTLS, answered by 670 (IRCv3 tls-3.1, deprecated in favour of port 6697).

Servers first look up our address and report it in NOTICEs; a PING may come before any answer and needs a
PONG.
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
from probe.connect.starttls.units import line
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Script, Turn
from probe.tls.limits import MAX_TURN_LENGTH

OWN: Final = "IRC"
_MOST_LINES: Final = 100
_LONGEST_LINE: Final = 500
"""RFC 2812, section 2.3: 512 with the command and CR LF."""


def _until(say: bytes, command: bytes, what: str) -> Script[bytes]:
    """The first line with one of these commands or numerics, or the first that is not IRC."""
    wanted = re.compile(rb"(?::[^ ]+ )?(?:" + command + rb"|ERROR)\b")
    heard = yield Turn(say=say, until=line, what=what)
    for _ in range(_MOST_LINES):
        if wanted.match(heard) or not re.match(rb"(:[^ ]+ )?[A-Z0-9]+ ", heard):
            break
        ping = re.match(rb"PING ([^\r\n]*)", heard)
        pong = b"PONG " + ping[1][:_LONGEST_LINE] + b"\r\n" if ping else b""
        heard = yield Turn(say=pong, until=line, what=what)
    return heard


def _capabilities() -> Script[bytes]:
    """The answer to CAP LS with all its lines, or whatever came instead."""
    what = "the answer to CAP LS"
    heard = every = yield from _until(b"CAP LS 302\r\n", rb"CAP|421|451", what)
    while _command(heard) == b"CAP" and b" LS * " in heard and len(every) < MAX_TURN_LENGTH:
        heard = yield from _until(b"", rb"CAP", what)
        every += heard
    return every


def upgrade(_: Peer) -> UpgradeScript:
    """Sends STARTTLS before registering, if it is listed or the server has no list."""
    listed = yield from _capabilities()
    if _command(listed) == b"ERROR":
        return turned_away(listed)
    if _command(listed) not in {b"CAP", b"421", b"451"}:
        return unexpected(OWN, listed)
    if _command(listed) == b"CAP" and not _lists_tls(listed):
        return not_offered("IRC does not list tls")
    heard = yield from _until(b"STARTTLS\r\n", rb"670|691|421|451", "the answer to STARTTLS")
    if _command(heard) == b"670":
        return Upgraded()
    if _command(heard) == b"691":
        return declined("STARTTLS is refused", heard)
    if _command(heard) in {b"421", b"451"}:
        return not_offered(f"IRC has no STARTTLS: {quoted(heard)}")
    return turned_away(heard) if _command(heard) == b"ERROR" else unexpected(OWN, heard)


def in_plaintext(findings: PlaintextFindings, _: Peer) -> Script[None]:
    """Reads the capabilities, registers and quits."""
    listed = yield from _capabilities()
    if _command(listed) == b"CAP":
        is_offered = _lists_tls(listed)
        lists = "lists" if is_offered else "does not list"
        findings.offered(holds=is_offered, note=f"CAP LS {lists} tls")
        sasl = re.search(rb"\bsasl(?:=([^ \r\n]*))?", listed)
        findings.login(f"SASL {quoted(sasl[1])}" if sasl and sasl[1] else "SASL" if sasl else "")
    words_of_ours = b"NICK tlsprobe\r\nUSER tlsprobe 0 * :tlsprobe\r\nCAP END\r\n"
    heard = yield from _until(words_of_ours, rb"001|46[45]|433|432", "the welcome")
    if _command(heard) in {b"001", b"433"}:
        findings.goes_on(holds=True, note=f"registration in plaintext: {quoted(heard)}")
    yield Turn(say=b"QUIT\r\n", until=line, what="the farewell")


def _lists_tls(listed: bytes) -> bool:
    return re.search(rb"[ :][=~]*tls[ \r\n=]", listed, re.IGNORECASE) is not None


def _command(heard: bytes) -> bytes:
    found = re.match(rb"(?::[^ ]+ )?([A-Za-z0-9]+)\b", heard)
    return found[1].upper() if found else b""
