"""Stores and brokers that speak TLS from the first byte or not at all: does the port answer in plaintext?

The check sends the usual first message of a client once, and asks nothing after it.
"""

from __future__ import annotations

import struct
from typing import Final

from probe.connect.starttls.outcome import quoted
from probe.connect.starttls.peer import Peer
from probe.connect.starttls.units import exactly, line
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Script, Turn
from probe.web.status_line import http_status

_KAFKA_CORRELATION: Final = 0x746C7370
_MONGODB_REQUEST: Final = 0x746C7370
_OP_MSG: Final = 2013
_HELLO_DOCUMENT: Final = (
    b"\x10hello\0\x01\0\0\0" + b"\x02$db\0" + struct.pack("<I", 6) + b"admin\0" + b"\0"
)
_CASSANDRA_OPTIONS: Final = 0x05
_CASSANDRA_SUPPORTED: Final = 0x06
_CASSANDRA_ERROR: Final = 0x00
_BAD_REQUEST: Final = 400
_MQTT_CONNACK: Final = 0x20
_MQTT_CODES: Final = {0: "accepted", 4: "bad user name or password", 5: "not authorized"}


def redis(findings: PlaintextFindings, _: Peer) -> Script[None]:
    """PING, answered by PONG, or by an error that requires a password (RESP)."""
    heard = yield Turn(say=b"PING\r\n", until=line, what="the answer to PING")
    if heard.startswith((b"+PONG", b"-NOAUTH", b"-DENIED", b"-ERR", b"-LOADING", b"-MASTERDOWN")):
        _answers(findings, f"PING in plaintext: {quoted(heard)}")
        findings.login("AUTH" if heard.startswith(b"-NOAUTH") else "")


def memcached(findings: PlaintextFindings, _: Peer) -> Script[None]:
    """``version`` (the text protocol)."""
    heard = yield Turn(say=b"version\r\n", until=line, what="the answer to version")
    if heard.startswith((b"VERSION ", b"ERROR", b"CLIENT_ERROR")):
        _answers(findings, f"version in plaintext: {quoted(heard)}")


def mongodb(findings: PlaintextFindings, _: Peer) -> Script[None]:
    """``hello`` in an OP_MSG (MongoDB Wire Protocol)."""
    document = struct.pack("<I", 4 + len(_HELLO_DOCUMENT)) + _HELLO_DOCUMENT
    body = struct.pack("<IB", 0, 0) + document
    header = struct.pack("<IIII", 16 + len(body), _MONGODB_REQUEST, 0, _OP_MSG)
    heard = yield Turn(say=header + body, until=exactly(16), what="the answer to hello")
    _length, _number, answered_to, operation = struct.unpack("<IIII", heard)
    if (answered_to, operation) == (_MONGODB_REQUEST, _OP_MSG):
        _answers(findings, "hello is answered in plaintext")


def kafka(findings: PlaintextFindings, _: Peer) -> Script[None]:
    """ApiVersions, version 0: any broker answers it before login (Kafka protocol guide)."""
    request = struct.pack(">HHIH", 18, 0, _KAFKA_CORRELATION, 8) + b"tlsprobe"
    framed = struct.pack(">I", len(request)) + request
    heard = yield Turn(say=framed, until=exactly(8), what="the answer to ApiVersions")
    if heard[4:] == struct.pack(">I", _KAFKA_CORRELATION):
        _answers(findings, "ApiVersions is answered in plaintext")


def cassandra(findings: PlaintextFindings, _: Peer) -> Script[None]:
    """OPTIONS, answered by SUPPORTED, or by an error on the version (CQL native protocol, 4)."""
    request = struct.pack(">BBHBI", 4, 0, 0, _CASSANDRA_OPTIONS, 0)
    heard = yield Turn(say=request, until=exactly(9), what="the answer to OPTIONS")
    if heard[0] & 0x80 and heard[4] in {_CASSANDRA_SUPPORTED, _CASSANDRA_ERROR}:
        _answers(findings, "OPTIONS is answered in plaintext")


def mqtt(findings: PlaintextFindings, _: Peer) -> Script[None]:
    """CONNECT of 3.1.1 without a name or password (section 3.1), answered by CONNACK."""
    body = b"\x00\x04MQTT\x04\x02\x00\x0a\x00\x00"
    connect = bytes((0x10, len(body))) + body
    heard = yield Turn(say=connect, until=exactly(4), what="CONNACK")
    if heard[:2] != bytes((_MQTT_CONNACK, 2)):
        return
    code = heard[3]
    meaning = _MQTT_CODES.get(code, f"code {code}")
    _answers(findings, f"CONNECT in plaintext: {meaning}", meaning)
    findings.login("name and password" if code in {4, 5} else "")


def http(findings: PlaintextFindings, peer: Peer) -> Script[None]:
    """HEAD, answered by a status, as Elasticsearch and OpenSearch do.

    Most servers with TLS on the port answer plaintext with 400: it does not prove a plaintext session.
    """
    request = f"HEAD / HTTP/1.1\r\nHost: {peer.authority}\r\nConnection: close\r\n\r\n"
    heard = yield Turn(say=request.encode("ascii"), until=line, what="a status of HTTP")
    if http_status(heard) not in {None, _BAD_REQUEST}:
        _answers(findings, f"HEAD in plaintext: {quoted(heard)}")


def sip(findings: PlaintextFindings, peer: Peer) -> Script[None]:
    """OPTIONS, answered by any status (RFC 3261, section 11)."""
    request = (
        f"OPTIONS sip:{peer.authority} SIP/2.0\r\n"
        "Via: SIP/2.0/TCP tlsprobe.invalid;branch=z9hG4bKtlsprobe\r\n"
        "Max-Forwards: 0\r\n"
        "From: <sip:tlsprobe@tlsprobe.invalid>;tag=tlsprobe\r\n"
        f"To: <sip:{peer.authority}>\r\n"
        "Call-ID: tlsprobe@tlsprobe.invalid\r\n"
        "CSeq: 1 OPTIONS\r\n"
        "Content-Length: 0\r\n\r\n"
    )
    heard = yield Turn(say=request.encode("ascii"), until=line, what="the answer to OPTIONS")
    if heard.startswith(b"SIP/2.0 "):
        _answers(findings, f"OPTIONS in plaintext: {quoted(heard)}")


def _answers(findings: PlaintextFindings, note: str, value: str | None = None) -> None:
    findings.note("answers_in_plaintext", holds=True, note=note, value=value)
