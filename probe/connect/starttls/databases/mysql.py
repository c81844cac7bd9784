"""MySQL and MariaDB: the server greets, the client sends SSLRequest, and TLS begins at once.

Client/server protocol, HandshakeV10 and SSLRequest. In plaintext, a HandshakeResponse41 without a password,
for a user that need not exist, shows whether the server processes logins without TLS. With
``require_secure_transport`` MySQL refuses first (error 3159). MariaDB 10.11 first checks the user, so "access
denied" proves nothing about the sessions of users that it knows.

Both count each connection that ends before its login is complete (``SUM_CONNECT_ERRORS``) and block the
client's address for everyone at ``max_connect_errors`` (error 1129). A login that is denied is not counted,
one that succeeds sets the count to zero: inc_host_errors and reset_host_connect_errors in sql/hostname.cc.
"""

from __future__ import annotations

import re
import struct
from dataclasses import replace
from typing import Final

from probe.connect.starttls.outcome import (
    Upgraded,
    UpgradeScript,
    blocked,
    not_offered,
    quoted,
    turned_away,
    unexpected,
)
from probe.connect.starttls.peer import Peer
from probe.connect.starttls.units import at_once
from probe.dialogue.answer import ConnectFailure
from probe.dialogue.before_tls.denied_login import DeniedLogin
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Script, Turn
from probe.tls.limits import MAX_TURN_LENGTH

OWN: Final = "MySQL"

_CLIENT_SSL: Final = 0x0800
_CAPABILITIES: Final = 0x0000_0001 | 0x0200 | 0x8000 | 0x0008_0000
"""LONG_PASSWORD, PROTOCOL_41, SECURE_CONNECTION, PLUGIN_AUTH."""

_UTF8: Final = 33
_LARGEST_PACKET: Final = 2**24
_PROTOCOL_10: Final = 10
_ERROR: Final = 0xFF
_ACCESS_DENIED: Final = 1045
_SECURE_TRANSPORT_REQUIRED: Final = frozenset({3159})
_SECURE_TRANSPORT: Final = re.compile(rb"(require_)?secure.transport", re.IGNORECASE)
_HOST_BLOCKED: Final = 1129
_TURNED_AWAY: Final = frozenset({1040, _HOST_BLOCKED, 1130, 1203, 1226})
"""Too many connections; a host that is blocked or not allowed; limits of a user."""
_CLEARED_BY: Final = (
    "its operator clears this by FLUSH HOSTS, or from MySQL 8.0.23 on by TRUNCATE TABLE"
    " performance_schema.host_cache"
)
_AUTH_SWITCH: Final = b"\xfe"


def packet(received: bytes, _seen: int) -> int | None:
    """One packet: a length of three bytes, a number, and the payload."""
    if len(received) < 4:
        return None
    length = 4 + int.from_bytes(received[:3], "little")
    if length > MAX_TURN_LENGTH:
        return len(received)
    return length if len(received) >= length else None


def _opening(flags: int) -> bytes:
    return struct.pack("<IIB23x", flags, _LARGEST_PACKET, _UTF8)


def _framed(payload: bytes, number: int) -> bytes:
    return len(payload).to_bytes(3, "little") + bytes((number,)) + payload


SSL_REQUEST: Final = _framed(_opening(_CAPABILITIES | _CLIENT_SSL), 1)


def _login(flags: int, number: int) -> bytes:
    return _framed(_opening(flags) + b"tlsprobe\0" + b"\0" + b"mysql_native_password\0", number)


_LOGIN: Final = _login(_CAPABILITIES, 1)


def _answer_to_switch(heard: bytes) -> bytes:
    """The empty password, if the server asks for it once more, for another plugin; else nothing."""
    is_switch = heard[4:5] == _AUTH_SWITCH and packet(heard, 0) == len(heard)
    return _framed(b"", (heard[3] + 1) % 256) if is_switch else b""


def _capabilities(greeting: bytes) -> int | None:
    """The server's capabilities in HandshakeV10; None if this is not one."""
    payload = greeting[4:]
    if greeting[3:4] != b"\0" or payload[:1] != bytes((_PROTOCOL_10,)):
        return None
    after_version = payload.find(b"\0", 1) + 1
    lower = payload[after_version + 13 : after_version + 15]
    if not after_version or len(lower) < 2:
        return None
    upper = payload[after_version + 18 : after_version + 20]
    return int.from_bytes(lower + upper, "little")


def _error(heard: bytes) -> int | None:
    """The code of an ERR_Packet."""
    is_error = len(heard) >= 7 and heard[4] == _ERROR
    return int.from_bytes(heard[5:7], "little") if is_error else None


def _greeted() -> Script[bytes | ConnectFailure]:
    greeting = yield Turn(until=packet, what="the MySQL greeting")
    code = _error(greeting)
    if code == _HOST_BLOCKED:
        words = quoted(greeting[7:])
        detail = f"the server has blocked this address ({words}); {_CLEARED_BY}"
        return replace(blocked(detail), raw=greeting)
    if code is not None:
        return replace(turned_away(greeting[7:]), raw=greeting)
    if _capabilities(greeting) is None:
        return replace(unexpected(OWN, greeting), raw=greeting)
    return greeting


def upgrade(_: Peer) -> UpgradeScript:
    """Sends SSLRequest if the greeting has CLIENT_SSL."""
    greeting = yield from _greeted()
    if isinstance(greeting, ConnectFailure):
        return greeting
    if not (_capabilities(greeting) or 0) & _CLIENT_SSL:
        yield Turn(say=_LOGIN, until=at_once, what="nothing")
        return not_offered("MySQL's greeting has no CLIENT_SSL")
    yield Turn(say=SSL_REQUEST, until=at_once, what="nothing")
    return Upgraded()


def in_plaintext(findings: PlaintextFindings, _: Peer) -> Script[ConnectFailure | None]:
    """Begins a login without TLS, and stops when it is denied."""
    greeting = yield from _greeted()
    if isinstance(greeting, ConnectFailure):
        return greeting
    is_offered = bool((_capabilities(greeting) or 0) & _CLIENT_SSL)
    has = "has" if is_offered else "does not have"
    findings.offered(holds=is_offered, note=f"the greeting {has} CLIENT_SSL")
    heard = yield Turn(say=_LOGIN, until=packet, what="the answer to a login")
    if switched := _answer_to_switch(heard):
        heard = yield Turn(say=switched, until=packet, what="the answer to an empty password")
    _note_login(findings, heard, is_offered=is_offered)
    return None


def _note_login(findings: PlaintextFindings, heard: bytes, *, is_offered: bool) -> None:
    code = _error(heard)
    if heard[4:5] == b"\0":
        findings.goes_on(holds=True, note="a session in plaintext, for a user without a password")
        return
    note = (
        f"a login in plaintext: error {code}, {quoted(heard[7:])}"
        if code
        else "a login in plaintext continues"
    )
    if code in _SECURE_TRANSPORT_REQUIRED or _SECURE_TRANSPORT.search(heard):
        findings.login("")
        findings.goes_on(holds=False, note=note)
    elif code is None or code == _ACCESS_DENIED:
        findings.login("password")
        if not is_offered:
            findings.goes_on(holds=True, note=f"no TLS is offered; {note}")


DENIED_LOGIN: Final = DeniedLogin(
    after_greeting=lambda greeting: b"" if _capabilities(greeting) is None else _LOGIN,
    in_tls=_login(_CAPABILITIES | _CLIENT_SSL, 2),
    answer=_answer_to_switch,
)
