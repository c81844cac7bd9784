"""VNC: VeNCrypt in RFB 3.8 (RFC 6143, section 7.1; security type 19 of the RFB registry).

VeNCrypt's X509 subtypes begin TLS with a certificate, its TLS subtypes with anonymous suites. In plaintext,
the list of security types shows which of them work without TLS.
"""

from __future__ import annotations

import re
import struct
from typing import Final

from probe.connect.starttls.outcome import (
    Upgraded,
    UpgradeScript,
    declined,
    not_offered,
    turned_away,
    unexpected,
)
from probe.connect.starttls.peer import Peer
from probe.connect.starttls.units import exactly, foreign
from probe.dialogue.answer import ConnectFailure
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Script, Turn
from probe.tls.limits import MAX_TURN_LENGTH

OWN: Final = "VNC"

_VERSION: Final = b"RFB 003.008\n"
_VENCRYPT: Final = 19
_VERSION_02: Final = b"\x00\x02"
_SUBTYPES: Final = (260, 262, 261, 257, 259, 258)
"""X509None, X509Plain, X509Vnc; TLSNone, TLSPlain, TLSVnc: those with certificates first."""

_IN_PLAINTEXT: Final = {
    1: "None",
    2: "VNC",
    16: "Tight",
    30: "ARD",
    35: "MSLogonII",
    5: "RA2",
    6: "RA2ne",
}


def _banner(received: bytes, seen: int) -> int | None:
    is_one = _VERSION[:4].startswith(received[:4])
    return exactly(12)(received, seen) if is_one else foreign(received)


def _types(received: bytes, seen: int) -> int | None:
    """A count and that many bytes; if it is zero, a reason with its length."""
    if not received:
        return None
    if received[0]:
        return exactly(1 + received[0])(received, seen)
    if len(received) < 5:
        return None
    return exactly(5 + min(MAX_TURN_LENGTH, int.from_bytes(received[1:5], "big")))(received, seen)


def _subtypes(received: bytes, seen: int) -> int | None:
    """VeNCrypt's answer to our version, then a count and that many four-byte words."""
    if not received:
        return None
    if received[0]:
        return 1
    return exactly(2 + 4 * received[1])(received, seen) if len(received) > 1 else None


def _offered() -> Script[bytes | ConnectFailure]:
    banner = yield Turn(until=_banner, what="the VNC greeting")
    if not re.match(rb"RFB \d{3}\.\d{3}\n", banner):
        return unexpected(OWN, banner)
    if banner < b"RFB 003.007":
        return not_offered("a VNC version without security types")
    types = yield Turn(say=_VERSION, until=_types, what="VNC's security types")
    return types[1:] if types[0] else turned_away(types[5:])


def upgrade(_: Peer) -> UpgradeScript:
    """Chooses VeNCrypt and its first subtype with a certificate."""
    types = yield from _offered()
    if isinstance(types, ConnectFailure):
        return types
    if _VENCRYPT not in types:
        return not_offered(f"VNC lists the security types {sorted(types)}, without VeNCrypt")
    version = yield Turn(say=bytes((_VENCRYPT,)), until=exactly(2), what="the version of VeNCrypt")
    if version < _VERSION_02:
        return not_offered("a VeNCrypt version before 0.2")
    heard = yield Turn(say=_VERSION_02, until=_subtypes, what="the subtypes of VeNCrypt")
    if heard[0]:
        return declined("VeNCrypt 0.2 is refused", heard)
    found = set(struct.unpack(f">{heard[1]}I", heard[2:]))
    chosen = next((one for one in _SUBTYPES if one in found), None)
    if chosen is None:
        return not_offered(f"VeNCrypt lists {sorted(found)}, none with TLS")
    answer = yield Turn(
        say=chosen.to_bytes(4, "big"), until=exactly(1), what="the answer to a subtype"
    )
    return Upgraded() if answer == b"\x01" else declined("VeNCrypt's subtype is refused", answer)


def in_plaintext(findings: PlaintextFindings, _: Peer) -> Script[None]:
    """Reads the security types, and stops."""
    types = yield from _offered()
    if isinstance(types, ConnectFailure):
        return
    names = [_IN_PLAINTEXT[one] for one in types if one in _IN_PLAINTEXT]
    has_vencrypt = _VENCRYPT in types
    findings.offered(holds=has_vencrypt, note=f"security types {sorted(types)}")
    findings.login(" ".join(names))
    if names or has_vencrypt:
        note = f"security types without TLS: {' '.join(names) or 'none'}"
        findings.goes_on(holds=bool(names), note=note)
