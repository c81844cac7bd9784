"""LDAP: the StartTLS extended operation (RFC 4511, section 4.14; RFC 4513, section 3).

Each message is BER: a SEQUENCE of a message id and an operation. In plaintext, the root DSE lists what the
server offers. An anonymous bind shows whether a session may continue: the server answers
``confidentialityRequired`` (13) if it may not.
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
from probe.connect.starttls.units import at_once, foreign
from probe.dialogue.before_tls.injection import injection
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Script, Turn
from probe.tls.limits import MAX_TURN_LENGTH

OWN: Final = "LDAP"

_STARTTLS_OID: Final = b"1.3.6.1.4.1.1466.20037"
_START_TLS: Final = bytes.fromhex("301d020101771880 16".replace(" ", "")) + _STARTTLS_OID
_ANONYMOUS_BIND: Final = bytes.fromhex("300c020102600702010304008000")
_UNBIND: Final = bytes.fromhex("30050201034200")

_EXTENDED_RESPONSE: Final = 0x78
_BIND_RESPONSE: Final = 0x61
_SEARCH_DONE: Final = 0x65
_NOTICE_OF_DISCONNECTION: Final = b"1.3.6.1.4.1.1466.20036"

_MOST_MESSAGES: Final = 64
"""The root DSE is one entry; references and the end of the search are messages too."""

_SUCCESS: Final = 0
_PROTOCOL_ERROR: Final = 2
_UNAVAILABLE: Final = frozenset({51, 52})
"""busy and unavailable; OpenLDAP also sends 52 if it has no certificate."""

_CONFIDENTIALITY_REQUIRED: Final = 13
_STRONGER_AUTH_REQUIRED: Final = 8
_RESULTS: Final = {1: "operationsError", 2: "protocolError", 8: "strongerAuthRequired"} | {
    13: "confidentialityRequired",
    48: "inappropriateAuthentication",
    51: "busy",
    52: "unavailable",
    53: "unwillingToPerform",
}

INJECTION: Final = injection(
    _START_TLS,
    bytes.fromhex("300c020155600702010304008000"),
    bytes.fromhex("300c020156600702010304008000 30050201574200"),
    rb"\x02\x01\x55\x61",
    rb"\x02\x01\x56\x61",
)
"""Anonymous binds, distinguished by their message ids; an unbind ends the session."""


def _tlv(tag: int, content: bytes) -> bytes:
    return bytes((tag, len(content))) + content


def _root_dse() -> bytes:
    attributes = b"".join(
        _tlv(0x04, name) for name in (b"supportedExtension", b"supportedSASLMechanisms")
    )
    search = (
        _tlv(0x04, b"")
        + bytes.fromhex("0a0100 0a0100 020100 020100 010100".replace(" ", ""))
        + _tlv(0x87, b"objectClass")
        + _tlv(0x30, attributes)
    )
    return _tlv(0x30, bytes.fromhex("020101") + _tlv(0x63, search))


def message(received: bytes, _seen: int) -> int | None:
    """One LDAPMessage; bytes that begin otherwise, or claim too much, end with what has arrived."""
    if not received:
        return None
    if received[0] != 0x30:
        return foreign(received)
    header = _header(received)
    if header is None:
        return None
    start, length = header
    if length > MAX_TURN_LENGTH:
        return len(received)
    return start + length if len(received) >= start + length else None


def _header(received: bytes) -> tuple[int, int] | None:
    """The offset and the length of the content of one BER value; definite lengths only."""
    if len(received) < 2:
        return None
    if received[1] < 0x80:
        return 2, received[1]
    start = 2 + (received[1] & 0x7F)
    return (start, int.from_bytes(received[2:start], "big")) if len(received) >= start else None


def _search() -> Script[bytes]:
    """All messages of the search for the root DSE, up to the last one."""
    what = "the root DSE"
    heard = every = yield Turn(say=_root_dse(), until=message, what=what)
    for _ in range(_MOST_MESSAGES):
        operation, _result = result_of(heard)
        if operation == _SEARCH_DONE or operation is None:
            break
        heard = yield Turn(until=message, what=what)
        every += heard
    return every


def result_of(heard: bytes) -> tuple[int | None, int]:
    """The operation's tag and its result code; None if this is not an LDAPMessage."""
    found = re.match(
        rb"\x30(?:[\x00-\x7f]|\x81.|\x82..|\x83...|\x84....)\x02(?:\x01.|\x02..|\x03...|\x04....)"
        rb"([\x60-\x7f])(?:[\x00-\x7f]|\x81.|\x82..|\x83...|\x84....)(?:\x0a\x01(.))?",
        heard,
        re.DOTALL,
    )
    if found is None:
        return None, -1
    return found[1][0], found[2][0] if found[2] else -1


def upgrade(_: Peer) -> UpgradeScript:
    """Asks for StartTLS."""
    heard = yield Turn(say=_START_TLS, until=message, what="the answer to StartTLS")
    operation, result = result_of(heard)
    if operation != _EXTENDED_RESPONSE:
        return unexpected(OWN, heard)
    if result == _SUCCESS:
        return Upgraded()
    words = _text(heard)
    if _NOTICE_OF_DISCONNECTION in heard:
        return turned_away(words)
    name = _RESULTS.get(result, "result")
    if result == _PROTOCOL_ERROR:
        return not_offered(f"LDAP does not support StartTLS: {name} ({result}), {quoted(words)}")
    return declined(f"LDAP refuses StartTLS: {name} ({result})", words)


def in_plaintext(findings: PlaintextFindings, _: Peer) -> Script[None]:
    """Reads the root DSE, binds anonymously and unbinds."""
    heard = yield from _search()
    operation, _result = result_of(heard)
    if operation is None:
        return
    if b"supportedExtension" in heard:
        is_offered = _STARTTLS_OID in heard
        listed = "lists" if is_offered else "does not list"
        findings.offered(holds=is_offered, note=f"the root DSE {listed} StartTLS")
    heard_bind = yield Turn(say=_ANONYMOUS_BIND, until=message, what="the answer to a bind")
    operation, result = result_of(heard_bind)
    if operation != _BIND_RESPONSE:
        return
    note = f"an anonymous simple bind in plaintext: {_RESULTS.get(result, f'result {result}')}"
    if result in {_CONFIDENTIALITY_REQUIRED, _STRONGER_AUTH_REQUIRED}:
        findings.login("")
        findings.goes_on(holds=False, note=note)
    elif result == _SUCCESS:
        note = "an anonymous simple bind in plaintext: success"
        findings.login(" ".join(["simple", *_mechanisms(heard)]))
        findings.goes_on(holds=True, note=note)
    yield Turn(say=_UNBIND, until=at_once, what="the end")


def _mechanisms(root_dse: bytes) -> list[str]:
    """The SASL mechanisms; their names are short and use one alphabet (RFC 4422, section 3.1)."""
    _, _, values = root_dse.partition(b"supportedSASLMechanisms")
    found = []
    for value in re.finditer(rb"\x04([\x01-\x14])", values):
        name = values[value.end() : value.end() + value[1][0]]
        if re.fullmatch(rb"[A-Z0-9_-]+", name):
            found.append(name.decode("ascii"))
    return found


def _text(heard: bytes) -> bytes:
    """The printable part of the answer, as the diagnostic message."""
    return b" ".join(re.findall(rb"[ -~]{4,}", heard[8:]))
