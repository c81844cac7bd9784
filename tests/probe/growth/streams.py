"""All other readers of a peer's byte stream: at least one row for each class with ``feed``."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final, Protocol

from model.protocol_version import ProtocolVersion
from pki.byte_reader import DecodeError
from probe.checks.ike.responder import EVERYTHING as EVERYTHING_IN_IKE
from probe.checks.ssh.offers import EVERYTHING
from probe.connect.openssl.reply import AwaitedReply
from probe.connect.openvpn.framing import OpenVpnFraming
from probe.connect.proxy.http_connect import HttpConnect
from probe.connect.proxy.socks5 import Socks5
from probe.connect.starttls.after_upgrade import AfterUpgrade
from probe.connect.starttls.application import application
from probe.connect.starttls.databases.mssql import TdsFraming
from probe.connect.starttls.detect import Listening
from probe.crypto.ike.exchange import IkeExchange
from probe.crypto.ike.version_1 import Ike1Exchange
from probe.crypto.ssh.exchange import SshExchange
from probe.crypto.tls13_flight import Tls13FlightReader
from probe.crypto.tls13_keys import OPENED_SUITES, SHARED_GROUPS, KeyShareSecret
from probe.dialogue.answer import AnswerReader
from probe.dialogue.dtls_question import DtlsQuestion
from probe.dialogue.handshake import PostHandshakeAction
from probe.dialogue.offer import Shape, offer
from probe.dialogue.question import Question
from probe.dialogue.raw_probe import RawProbe
from probe.dialogue.session_reader import SessionInPlaintext
from probe.dialogue.sslv2 import Sslv2Question
from probe.ike.version_1 import Authentication, Exchange
from probe.openvpn.reliability import ReliableDatagrams
from probe.ssh.stream import SshStream
from probe.tls.dtls import FlightReader
from probe.tls.record import MessageReader, RecordReader
from probe.web.heads import HeadReader, NotHttpError
from probe.web.http_get import Http1Get, Http2Get, HttpRequest
from probe.web.in_plaintext import PlaintextRequest
from probe.web.reply import ReplyReader
from tests.probe.growth.measuring import Row, Run
from tests.probe.growth.scripts import PEER
from tests.probe.tls import wire

NONCE: Final = bytes(64)
HELLO: Final = offer(ProtocolVersion.TLSV1_2, (0xC02F,), Shape(server_name="x.example")).encode(
    NONCE
)
_HANDSHAKE, _ALERT, _DATA = 22, 21, 23
_FIRST: Final = wire.record(_HANDSHAKE, wire.message(2, wire.server_hello()))
_FLIGHT: Final = _FIRST + wire.record(_HANDSHAKE, wire.message(14, b""))
RECORDS: Final[dict[str, tuple[bytes, bytes]]] = {
    "one-byte records": (
        _FIRST + wire.record(_HANDSHAKE, b"\x0b\x02\x00"),
        wire.record(22, b"\x01"),
    ),
    "one-byte alerts": (b"", wire.record(_ALERT, b"\x01")),
    "warnings": (b"", wire.record(_ALERT, b"\x01\x70")),
    "ChangeCipherSpec": (b"", wire.record(20, b"\x01")),
    "empty records": (b"", wire.record(_HANDSHAKE, b"")),
    "HelloRequests": (b"", wire.record(_HANDSHAKE, wire.message(0, b""))),
    "Certificates": (_FIRST, wire.record(_HANDSHAKE, wire.message(11, wire.certificate(b"x")))),
    "application data": (_FLIGHT, wire.record(_DATA, b"x")),
    "what is not TLS": (b"", b"\xff"),
}
"""The first bytes, and the bytes that are then repeated."""


class _Reads(Protocol):
    def feed(self, received: bytes, /) -> object: ...


class _Records:
    """Reads all records as they arrive."""

    def __init__(self) -> None:
        self._reader = RecordReader()

    def feed(self, received: bytes) -> object:
        self._reader.feed(received)
        try:
            while self._reader.next_record() is not None:
                pass
        except DecodeError as flaw:
            return flaw
        return None


class _Messages:
    """Reads all messages as they arrive."""

    def __init__(self) -> None:
        self._reader = MessageReader()

    def feed(self, received: bytes) -> object:
        self._reader.feed(received)
        while self._reader.next_message() is not None:
            pass
        return None


def stream_rows() -> Iterator[Row]:
    """All stream readers."""
    yield from _rows("MessageReader", _Messages, {"messages": (b"", wire.message(0, b""))})
    for covers, makes in _RECORD_READERS.items():
        yield from _rows(covers, makes, RECORDS)
    for covers, (makes, head, unit) in _OTHERS.items():
        yield from _rows(covers, makes, {"flood": (head, unit)})
    yield Row("FlightReader", "gaps between fragments", partial(_datagrams, FlightReader))
    yield Row("DtlsQuestion", "gaps between fragments", partial(_datagrams, _dtls))


def _rows(
    covers: str, makes: Callable[[], _Reads], floods: dict[str, tuple[bytes, bytes]]
) -> Iterator[Row]:
    for name, (head, unit) in floods.items():
        for size in (2**16, 1):
            how = "in bytes" if size == 1 else "whole"
            yield Row(covers, f"{name} {how}", partial(_prepared, makes, head, unit, size))


def _prepared(makes: Callable[[], _Reads], head: bytes, unit: bytes, size: int, length: int) -> Run:
    content = head + unit * (length // len(unit))
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    return partial(_fed, makes(), pieces)


def _fed(reader: _Reads, pieces: Sequence[bytes]) -> object:
    for piece in pieces:
        result = reader.feed(piece)
        if result is not None:
            return result
    return None


def _datagrams(makes: Callable[[], _Reads], length: int) -> Run:
    """Every other byte of one message, each in a packet of its own."""
    whole = length.to_bytes(3, "big")
    packets = [
        b"\x16\xfe\xfd"
        + bytes(8)
        + wire.vector(b"\x0b" + whole + b"\0\x01" + wire.number(at, 3) + b"\0\0\x01x", 2)
        for at in range(0, length // 8, 2)
    ]
    return partial(_until_flaw, makes(), packets)


def _until_flaw(reader: _Reads, packets: Sequence[bytes]) -> object:
    try:
        return _fed(reader, packets)
    except DecodeError as flaw:
        return flaw


def _dtls() -> DtlsQuestion:
    question = DtlsQuestion(HELLO)
    question.begin(_discard)
    return question


def _provocation() -> RawProbe:
    raw_probe = RawProbe(HELLO, lambda _: b"words")
    raw_probe.begin(_discard)
    return raw_probe


def _packets() -> TdsFraming[object]:
    dialogue: TdsFraming[object] = TdsFraming(Question(HELLO))
    dialogue.begin(_discard)
    return dialogue


def _openvpn() -> OpenVpnFraming[object]:
    dialogue: OpenVpnFraming[object] = OpenVpnFraming(
        Question(HELLO), session_id=bytes(8), remote_session_id=bytes(8)
    )
    dialogue.begin(_discard)
    return dialogue


class _Datagrams:
    """Each piece is a datagram."""

    def __init__(self) -> None:
        self._session = ReliableDatagrams()

    def feed(self, received: bytes) -> object:
        self._session.receive(received)
        return None


def _tls13() -> Tls13FlightReader:
    asked = offer(ProtocolVersion.TLSV1_3, OPENED_SUITES, Shape(server_name="x.example"))
    reader = Tls13FlightReader(asked, KeyShareSecret(SHARED_GROUPS[0], NONCE), NONCE)
    reader.begin(_discard)
    return reader


def _behind() -> AfterUpgrade[object]:
    makes = application("smtp").upgrades(PEER)
    assert makes is not None
    dialogue: AfterUpgrade[object] = AfterUpgrade(makes(), Question(HELLO))
    dialogue.begin(_discard)
    return dialogue


def _ssh() -> SshExchange:
    dialogue = SshExchange(EVERYTHING, NONCE)
    dialogue.begin(_discard)
    return dialogue


def _ike() -> IkeExchange:
    dialogue = IkeExchange(EVERYTHING_IN_IKE, NONCE)
    dialogue.begin(_discard)
    return dialogue


def _ike_1() -> Ike1Exchange:
    dialogue = Ike1Exchange(Exchange.MAIN, Authentication.PRESHARED_KEY, NONCE)
    dialogue.begin(_discard)
    return dialogue


class _Ssh:
    """The codec alone."""

    def __init__(self) -> None:
        self._stream = SshStream()

    def feed(self, received: bytes) -> object:
        try:
            return next(self._stream.feed(received), None)
        except DecodeError as flaw:
            return flaw


def _started(dialogue: HttpConnect | Socks5 | PlaintextRequest) -> _Reads:
    dialogue.begin(_discard)
    return dialogue


def _getting(kind: type[Http1Get | Http2Get]) -> _Reads:
    asked = HttpRequest(scheme="https", host="x.example", path="/", user_agent="test")
    get = kind(asked, lambda: 0.0)
    get.begin(_discard)
    return get


class _Head:
    """The head of a reply to CONNECT."""

    def __init__(self) -> None:
        self._reader = HeadReader()

    def feed(self, received: bytes) -> object:
        try:
            return self._reader.feed(received)
        except NotHttpError as flaw:
            return flaw


class _Awaited:
    """A reply inside a handshake."""

    def __init__(self) -> None:
        self._reply = AwaitedReply(PostHandshakeAction.HTTP_HEAD)

    def feed(self, received: bytes) -> object:
        self._reply.add(received)
        return None if self._reply.wants_more else self._reply.content


def _discard(_: bytes) -> None:
    return


_RECORD_READERS: Final[dict[str, Callable[[], _Reads]]] = {
    "RecordReader": _Records,
    "AnswerReader": AnswerReader,
    "Question": partial(Question, HELLO),
    "SessionInClear": SessionInPlaintext,
    "Provocation": _provocation,
    "Tls13FlightReader": _tls13,
    "Sslv2Question": partial(Sslv2Question, HELLO),
    "TdsFraming": _packets,
}
_ACKNOWLEDGEMENT: Final = b"\x00\x16\x28" + bytes(8) + b"\x01" + bytes(4 + 8)
_HEADERS: Final = (b"HTTP/1.1 200 OK\r\n", b"a:\r\n")
_OTHERS: Final[dict[str, tuple[Callable[[], _Reads], bytes, bytes]]] = {
    "Sslv2Question": (partial(Sslv2Question, HELLO), b"\xff\xff\x04\x00\x01\x00\x02", b"\x01"),
    "OpenVpnFraming": (_openvpn, b"", _ACKNOWLEDGEMENT),
    "OpenVpnPackets": (_openvpn, b"", b"\x3f\xff"),
    "ReliableDatagrams": (_Datagrams, b"", _ACKNOWLEDGEMENT[2:]),
    "TdsFraming": (_packets, b"", b"\x12\x01\x00\x08\x00\x00\x00\x00"),
    "AfterUpgrade": (_behind, b"220-", b"x\r\n"),
    "Listening": (Listening, b"", b"x"),
    "Socks5": (
        lambda: _started(Socks5("127.0.0.1", 443, None)),
        b"\x05\x00\x05\x00\x00\x03\xff",
        b"x",
    ),
    "HttpConnect": (lambda: _started(HttpConnect("127.0.0.1", 443, None)), *_HEADERS),
    "PlaintextRequest": (
        lambda: _started(PlaintextRequest("x.example", user_agent="test")),
        *_HEADERS,
    ),
    "ReplyReader": (ReplyReader, b"HTTP/1.1 200 OK\r\na: ", b" \t"),
    "HeadReader": (_Head, b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "AwaitedReply": (_Awaited, b"HTTP/1.1 200 OK\r\n", b"\r"),
    "HttpGet": (lambda: _getting(Http1Get), *_HEADERS),
    "Http1Get": (
        lambda: _getting(Http1Get),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"1\r\nx\r\n",
    ),
    "IkeExchange": (_ike, b"", bytes(28)),
    "Ike1Exchange": (_ike_1, b"", bytes(28)),
    "SshExchange": (_ssh, b"SSH-2.0-x\r\n", b"\x00\x00\x00\x0c\x0a\x02" + bytes(10)),
    "SshStream": (_Ssh, b"", b"x"),
    "Http2Get": (lambda: _getting(Http2Get), b"", b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"),
}
