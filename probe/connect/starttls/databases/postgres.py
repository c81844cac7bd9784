"""PostgreSQL: SSLRequest, answered by one byte (Frontend/Backend Protocol, 55.2.10).

With ``S`` TLS begins, with ``N`` it does not. A server that is starting or has no free connection sends an
ErrorResponse. In plaintext, a StartupMessage for a user that need not exist shows whether a session could
continue: pg_hba.conf may allow encrypted connections only.
"""

from __future__ import annotations

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
from probe.connect.starttls.units import anything
from probe.dialogue.before_tls.injection import injection
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Script, Turn

OWN: Final = "PostgreSQL"

_SSL_REQUEST: Final = bytes.fromhex("00000008 04d2162f")
_PROTOCOL_3: Final = (3 << 16).to_bytes(4, "big")
_PARAMETERS: Final = b"user\0tlsprobe\0database\0postgres\0\0"
STARTUP: Final = (8 + len(_PARAMETERS)).to_bytes(4, "big") + _PROTOCOL_3 + _PARAMETERS
"""A session of the user ``tlsprobe``, which need not exist; no password follows."""

_NOT_NOW: Final = (b"\0C53", b"\0C57P")
"""SQLSTATE: insufficient resources, and operator intervention, such as cannot_connect_now."""
_WITHOUT_ENCRYPTION: Final = (b"no encryption", b"SSL off")
"""PostgreSQL 14 and later, and earlier versions, if pg_hba.conf has no line for such a connection."""
_AUTHENTICATIONS: Final = {
    0: "no password",
    3: "password",
    5: "md5",
    7: "gss",
    9: "sspi",
    10: "sasl",
}

INJECTION: Final = injection(_SSL_REQUEST, STARTUP, b"", rb"\AR\x00\x00\x00", rb"\AE")
"""CVE-2021-23214; a fixed server answers "received unencrypted data after SSL request", or closes."""


def message(received: bytes, _seen: int) -> int | None:
    """One backend message: a type, then a length that includes itself."""
    if len(received) < 5:
        return None
    length = 1 + int.from_bytes(received[1:5], "big")
    return length if len(received) >= length else None


def _answer(received: bytes, seen: int) -> int | None:
    return message(received, seen) if received.startswith(b"E") else anything(received, seen)


def upgrade(_: Peer) -> UpgradeScript:
    """Asks for TLS before anything else."""
    heard = yield Turn(say=_SSL_REQUEST, until=_answer, what="PostgreSQL's answer to SSLRequest")
    if heard == b"S":
        return Upgraded()
    if heard == b"N":
        return not_offered("PostgreSQL answers SSLRequest with N")
    if not heard.startswith(b"E"):
        return unexpected(OWN, heard)
    if any(code in heard for code in _NOT_NOW):
        return turned_away(heard[5:])
    return declined("PostgreSQL answers SSLRequest with an error", heard[5:])


def in_plaintext(findings: PlaintextFindings, _: Peer) -> Script[None]:
    """Begins a session without TLS, and stops at the server's first answer."""
    heard = yield Turn(say=STARTUP, until=message, what="PostgreSQL's answer to a session")
    kind, body = heard[:1], heard[5:]
    if kind == b"R" and len(body) >= 4:
        wanted = _AUTHENTICATIONS.get(int.from_bytes(body[:4], "big"), "an unknown authentication")
        note = f"a session without TLS continues to authentication: {wanted}"
        findings.goes_on(holds=True, note=note, value=wanted)
        findings.login("" if body[:4] == bytes(4) else wanted)
    elif kind == b"E" and any(words in body for words in _WITHOUT_ENCRYPTION):
        note = f"refused without encryption, for the user tlsprobe: {quoted(body)}"
        findings.goes_on(holds=False, note=note)
