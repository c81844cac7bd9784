"""Functions that read a peer's text or structure at once: one row each."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Final

from discovery.targets import parse_target
from model.certificates.certificate import Certificate
from model.protocol_version import ProtocolVersion
from pki.byte_reader import DecodeError
from pki.certificates.confusables import escape_lookalikes
from pki.certificates.hostname import matches
from pki.certificates.pem import certificates_in
from pki.certificates.reading.names import name_text
from pki.transparency.scts import StapledData, judge_scts
from probe.connect.starttls.chat.xml_stream import XmlStream
from probe.connect.starttls.outcome import quoted
from probe.dialogue.before_tls.greetings import greeting_of
from probe.mail_domain.sts_policy import StsPolicyError, read_policy
from probe.mail_domain.text_records import TextRecordError, report_record, sts_id
from probe.quic.version_negotiation import versions_in
from probe.tls.decoded import decoded
from probe.tls.ech import decode_ech_configs
from probe.tls.encrypted_messages import CompressedCertificate, decode_certificate
from probe.tls.hello import ServerHello
from probe.tls.messages import CertificateMessage, CertificateRequest, CertificateStatus
from probe.web.fields import (
    Fields,
    alternative_protocols,
    cookies_without_secure,
    strict_transport,
)
from probe.web.reply import HttpReply
from probe.web.status_line import http_status
from probe.web.url import read_url
from tests.probe.growth.measuring import Row, Run
from tests.probe.tls import wire

_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)


def text_rows() -> Iterator[Row]:
    """All of them: the reader, then each kind of text that it gets."""
    for covers, (read, texts) in _TEXTS.items():
        for number, (head, unit, tail) in enumerate(texts):
            yield Row(covers, f"text {number}", partial(_prepared, read, head, unit, tail))
    for covers, (read_bytes, makes) in _STRUCTURES.items():
        yield Row(covers, "structure", partial(_structured, read_bytes, makes))


def _prepared(read: Callable[[str], object], head: str, unit: str, tail: str, length: int) -> Run:
    text = head + unit * (length // len(unit)) + tail
    return partial(_read, partial(read, text))


def _structured(read: Callable[[bytes], object], makes: Callable[[int], bytes], length: int) -> Run:
    return partial(_read, partial(read, makes(length)))


def _read(read: Run) -> None:
    with suppress(DecodeError, ValueError):
        read()


def _hsts(field: str) -> object:
    return strict_transport(Fields([("strict-transport-security", field)]))


def _status(answer: str) -> object:
    return http_status(answer.encode())


def _cookies(field: str) -> object:
    return cookies_without_secure(Fields([("set-cookie", field)]))


def _alternatives(field: str) -> object:
    return alternative_protocols(Fields([("alt-svc", field)]))


def _sts_policy(text: str) -> object:
    with suppress(StsPolicyError):
        return read_policy(text.encode())
    return None


def _mail_texts(text: str) -> object:
    records = text.encode().split(b"\n")
    for read in (sts_id, report_record):
        with suppress(TextRecordError):
            read(records)
    return None


def _location(field: str) -> object:
    reply = HttpReply(status=301, fields=Fields([("location", field)]), raw=b"")
    return reply.leads_to(read_url("https://x.example/"))


_Text = tuple[str, str, str]
_TEXTS: Final[dict[str, tuple[Callable[[str], object], tuple[_Text, ...]]]] = {
    "strict_transport": (
        _hsts,
        (
            ("max-age", " ", "x"),
            ("max-age=1; a=", " ", "x"),
            ("", ";", ""),
            ("", "a", '"'),
            ("max-age=1", "; a=1", ""),
            ('max-age="', '"', ""),
        ),
    ),
    "http_status": (
        _status,
        (
            ("HTTP/1.1 ", "1", ""),
            ("HTTP/1.1 200", " ", "x"),
            ("HTTP/1.", "1", " 200"),
            ("", "HTTP/", ""),
        ),
    ),
    "cookies_without_secure": (_cookies, (("a=b", ";", ""), ("a=b; ", " ", "x"), ("", "=", ""))),
    "alternative_protocols": (
        _alternatives,
        (("", ",", ""), ("", ", ", ""), ("", "a", ""), (",", " ", "a"), ("", 'h3=":1",', "")),
    ),
    "leads_to": (
        _location,
        (
            ("/", "a", ""),
            ("/", "../", ""),
            ("//", "a.", "/"),
            ("http://x/", "%", ""),
            ("//", "@", ""),
        ),
    ),
    "certificates_in": (
        lambda text: list(certificates_in(text.encode())),
        (
            ("", "-----BEGIN CERTIFICATE-----", ""),
            ("", "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n", ""),
        ),
    ),
    "read_policy": (
        _sts_policy,
        (
            ("version: STSv1\n", "mx: a\n", "mode: enforce\nmax_age: 1\n"),
            ("mx: ", "a.", "a"),
            ("mx: ", "a-", ""),
            ("", "\n", ""),
            ("", " ", "x"),
            ("", "a", ": b"),
        ),
    ),
    "sts_id": (
        _mail_texts,
        (
            ("v=STSv1;", "a=b;", "id=1"),
            ("v=STSv1;", " ", "id=1"),
            ("v=STSv1; id=", "1", ""),
            ("", "v=STSv1;\n", ""),
            ("v=TLSRPTv1;", " ;", ""),
            ("v=TLSRPTv1;rua=", "mailto:a,", "mailto:b"),
        ),
    ),
    "quoted": (lambda text: quoted(text.encode()), (("", "\x01", ""), ("", "é", ""))),
    "greeting_of": (
        lambda text: greeting_of(text.encode()),
        (("220 ", "s", ""), ("220-", "smt", ""), (":", "x", ""), ("\xff", "x", "")),
    ),
    "escape_lookalikes": (
        escape_lookalikes,
        (("a", "\u0430", ""), ("", "\u0430.", ""), ("", "\u0430a ", "")),
    ),
    "parse_target": (parse_target, (("", "a.", "b:443"), ("smtp://", "a", ""), ("[", ":", "]:1"))),
    "XmlStream": (
        lambda text: XmlStream().until("features")(text.encode(), 0),
        (
            ("", "<", ">"),
            ("", ">", ""),
            ("", "<a>", ""),
            ("<", "a", ">"),
            ("<a ", "'", ">"),
            ("<a b='", ">", "'/>"),
            ("<a>", "<b/>", "</a>"),
            ("", "<b>", ""),
            ("<a b='", "x", "'/>"),
            ("<a>", "&amp;", "</a>"),
        ),
    ),
}


def _names(length: int) -> bytes:
    """A Name of many parts, each of one attribute: 2.5.4.3, and a letter."""
    part = bytes.fromhex("310a300806035504030c0161")
    block = part * (length // len(part))
    return b"\x30\x83" + wire.vector(block, 3)


def _extensions(length: int) -> bytes:
    return wire.server_hello(block=wire.vector(wire.number(7, 2) * 2 * (length // 4), 2))


def _compressed(length: int) -> bytes:
    entries = (wire.vector(b"x", 3) + b"\0\0") * (length // 6)
    body = b"\0" + wire.vector(entries, 3)
    return wire.number(1, 2) + wire.number(len(body), 3) + wire.vector(zlib.compress(body), 3)


def _hostnames(content: bytes) -> object:
    names = tuple(f"{number}.example" for number in range(len(content) // 10))
    return matches(Certificate(sha256="", dns_names=names), "y.example")


def _timestamps(content: bytes) -> object:
    return judge_scts(b"", None, StapledData(sct_list=content), None, _AT)


_SCT: Final = wire.vector(bytes(41) + b"\0\0" + b"\x04\x03" + b"\0\0", 2)
_STRUCTURES: Final[dict[str, tuple[Callable[[bytes], object], Callable[[int], bytes]]]] = {
    "ServerHello": (ServerHello.decode, _extensions),
    "CertificateMessage": (
        CertificateMessage.decode,
        lambda length: wire.vector(wire.vector(b"x", 3) * (length // 4), 3),
    ),
    "CertificateRequest": (
        lambda body: CertificateRequest.decode(body, ProtocolVersion.TLSV1_1),
        lambda length: wire.certificate_request(b"", None, (b"",) * (length // 2)),
    ),
    "CertificateStatus": (
        CertificateStatus.decode,
        lambda length: b"\x01" + wire.vector(bytes(length), 3),
    ),
    "decode_certificate": (
        decode_certificate,
        lambda length: b"\0" + wire.vector((wire.vector(b"x", 3) + b"\0\0") * (length // 6), 3),
    ),
    "CompressedCertificate": (
        lambda body: CompressedCertificate.decode(body).certificate(),
        _compressed,
    ),
    "decoded": (decoded, lambda length: wire.record(22, wire.message(0, b"") * (length // 4))),
    "versions_in": (
        lambda packet: versions_in(packet, bytes(16)),
        lambda length: b"\x80\0\0\0\0\x08" + bytes(8) + b"\x08" + bytes(8) + bytes(length),
    ),
    "decode_ech_configs": (
        decode_ech_configs,
        lambda length: wire.vector(b"\xfe\x0c" + wire.vector(bytes(length), 2), 2),
    ),
    "name_text": (name_text, _names),
    "matches": (_hostnames, bytes),
    "judge_scts": (_timestamps, lambda length: wire.vector(_SCT * (length // len(_SCT)), 2)),
}
