"""RDP: an X.224 Connection Request that asks for TLS or CredSSP (MS-RDPBCGR, 2.2.1.1 and 2.2.1.2).

The answer selects a protocol: 0 is RDP's own encryption (RC4), all others begin with TLS. In plaintext, a
request that asks for neither shows whether the server still accepts RDP's own encryption.
"""

from __future__ import annotations

import struct
from typing import Final

from probe.connect.starttls.outcome import (
    Upgraded,
    UpgradeScript,
    not_offered,
    unexpected,
)
from probe.connect.starttls.peer import Peer
from probe.connect.starttls.units import foreign
from probe.dialogue.answer import ConnectFailure, FailureKind
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Script, Turn

OWN: Final = "RDP"

_OWN_SECURITY: Final = 0
_TLS: Final = 1
_CREDSSP: Final = 2
_RESPONSE: Final = 2
_FAILURE: Final = 3
_CONFIRM: Final = 0xD0
_FAILURES: Final = {
    1: "SSL_REQUIRED_BY_SERVER",
    2: "SSL_NOT_ALLOWED_BY_SERVER",
    3: "SSL_CERT_NOT_ON_SERVER",
    4: "INCONSISTENT_FLAGS",
    5: "HYBRID_REQUIRED_BY_SERVER",
    6: "SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER",
}
_WITHOUT_TLS: Final = frozenset({2, 3})
_ENFORCED: Final = frozenset({1, 5, 6})


def packet(received: bytes, _seen: int) -> int | None:
    """One TPKT: version 3, a reserved byte, and a length that includes itself (RFC 1006)."""
    if not received:
        return None
    if received[0] != 3:
        return foreign(received)
    if len(received) < 4:
        return None
    length = max(4, int.from_bytes(received[2:4], "big"))
    return length if len(received) >= length else None


def _request(protocols: int) -> bytes:
    return bytes.fromhex("0300 0013 0ee000000000 00 01000800") + struct.pack("<I", protocols)


def _answer(heard: bytes) -> tuple[int, int] | None:
    """The kind and the content of the negotiation; an old server sends none, which selects 0."""
    if len(heard) < 11 or heard[0] != 3 or heard[5] != _CONFIRM:
        return None
    if len(heard) < 19:
        return _RESPONSE, _OWN_SECURITY
    return heard[11], int.from_bytes(heard[15:19], "little")


def upgrade(_: Peer) -> UpgradeScript:
    """Asks for TLS, alone or with CredSSP."""
    heard = yield Turn(say=_request(_TLS | _CREDSSP), until=packet, what="RDP's Connection Confirm")
    answer = _answer(heard)
    if answer is None:
        return unexpected(OWN, heard)
    kind, content = answer
    if kind == _RESPONSE and content != _OWN_SECURITY:
        return Upgraded()
    if kind == _RESPONSE:
        return not_offered("RDP selects its own encryption, without TLS")
    name = _FAILURES.get(content, f"failure {content}")
    if kind == _FAILURE and content in _WITHOUT_TLS:
        return not_offered(f"RDP answers {name}")
    return ConnectFailure(kind=FailureKind.DECLINED, detail=f"RDP refuses TLS: {name}")


def in_plaintext(findings: PlaintextFindings, _: Peer) -> Script[None]:
    """Asks for RDP's own encryption."""
    request = _request(_OWN_SECURITY)
    heard = yield Turn(say=request, until=packet, what="RDP's Connection Confirm")
    answer = _answer(heard)
    if answer is None:
        return
    kind, content = answer
    if kind == _RESPONSE and content == _OWN_SECURITY:
        findings.goes_on(holds=True, note="RDP's own encryption is accepted, without TLS")
    elif kind == _FAILURE and content in _ENFORCED:
        findings.goes_on(holds=False, note=f"without TLS RDP answers {_FAILURES[content]}")
