"""The fuzz targets: every parser of bytes and texts from others, with the property that it must have.

Those of TLS messages are here, those of whole handshakes in ``handshakes``, those of other answers in ``replies``, those
of APIs in ``sources``, those of files and lists in ``texts``. A target accepts any bytes and raises nothing; a violated
property is an AssertionError, or the exception of the parser. ``python -m fuzz`` runs the targets with atheris, and the
tests run the stored corpus.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final, TypeAlias

from fuzz import handshakes, replies, sources, texts
from pki.byte_reader import DecodeError
from pki.certificates import parse_certificate
from probe.connect.starttls.chat.xml_stream import XmlStream
from probe.dialogue.answer import AnswerReader, Ending
from probe.dialogue.raw_probe import RawProbe
from probe.dialogue.session_reader import SessionInPlaintext
from probe.dialogue.sslv2 import Sslv2Question
from probe.tls.decoded import decoded
from probe.tls.dtls import FlightReader
from probe.tls.encrypted_messages import (
    CompressedCertificate,
    decode_certificate,
    decode_certificate_verify,
    decode_encrypted_extensions,
    decode_tls13_certificate_request,
)
from probe.tls.limits import MAX_ANSWER_LENGTH
from probe.tls.messages import (
    CertificateMessage,
    CertificateRequest,
    CertificateStatus,
    NewSessionTicket,
    ServerKeyExchange,
)

Target: TypeAlias = Callable[[bytes], None]

_ENCRYPTED: Final[tuple[Callable[[bytes], object], ...]] = (
    decode_certificate,
    decode_certificate_verify,
    decode_encrypted_extensions,
    decode_tls13_certificate_request,
)
_PIECES: Final = (1, 7, 4096)
_VERSIONS: Final = (0x0300, 0x0301, 0x0303)
_KEY_EXCHANGES: Final = (("ECDHE", "RSA"), ("DHE", "RSA"), ("RSA", "RSA"), ("DHE", "PSK"))


def answers(some: bytes) -> None:
    """An AnswerReader returns the same Answer however the bytes are split."""
    found = {_answer(some, size) for size in _PIECES}
    assert len(found) == 1, found


def _answer(some: bytes, size: int) -> str:
    reader = AnswerReader()
    assert len(some) <= MAX_ANSWER_LENGTH
    for start in range(0, len(some), size):
        answer = reader.feed(some[start : start + size])
        if answer is not None:
            return type(answer).__name__
    return type(reader.end(Ending.CLOSED)).__name__


def sslv2(some: bytes) -> None:
    """The SSL 2.0 dialogue ends with an answer."""
    question = Sslv2Question(b"")
    question.begin(_discard)
    if question.feed(some) is None:
        assert question.end(Ending.CLOSED) is not None


def provocations(some: bytes) -> None:
    """A RawProbe ends with a reaction, wherever the flight ends and the rest begins."""
    raw_probe = RawProbe(b"", lambda _: b"words")
    raw_probe.begin(_discard)
    half = len(some) // 2
    if raw_probe.feed(some[:half]) is None and raw_probe.feed(some[half:]) is None:
        assert raw_probe.end(Ending.RESET) is not None


def messages(some: bytes) -> None:
    """Message bodies are decoded, or rejected with the codec's own error."""
    for read in (CertificateMessage.decode, CertificateStatus.decode, NewSessionTicket.decode):
        with suppress(DecodeError):
            read(some)
    for open_read in _ENCRYPTED:
        with suppress(DecodeError):
            open_read(some)
    with suppress(DecodeError):
        CompressedCertificate.decode(some).certificate()
    for version in _VERSIONS:
        with suppress(DecodeError):
            CertificateRequest.decode(some, version)
        for key_exchange, authentication in _KEY_EXCHANGES:
            with suppress(DecodeError):
                ServerKeyExchange.decode(some, version, key_exchange, authentication)


def sessions(some: bytes) -> None:
    """The plaintext parts of a handshake are read or skipped."""
    SessionInPlaintext().feed(some)


def datagrams(some: bytes) -> None:
    """A flight in datagrams is reassembled, or rejected with the codec's own error."""
    reader = FlightReader()
    half = len(some) // 2
    with suppress(DecodeError):
        reader.feed(some[:half])
        reader.feed(some[half:])


def xml_streams(some: bytes) -> None:
    """A stream has no unit longer than its bytes, and every element that is found has a path."""
    stream = XmlStream()
    length = stream.until("features")(some, 0)
    assert length is None or 0 <= length <= len(some)
    assert all(one.path for one in stream.elements)


def lines(some: bytes) -> None:
    """Any proof can be printed."""
    assert isinstance(decoded(some), list)


def certificates(some: bytes) -> None:
    """Any DER yields a Certificate with the readable fields."""
    assert parse_certificate(some).sha256


def _discard(_: bytes) -> None:
    return


TARGETS: Final[Mapping[str, Target]] = {
    target.__name__: target
    for target in (
        answers,
        sslv2,
        provocations,
        messages,
        sessions,
        datagrams,
        xml_streams,
        lines,
        certificates,
        handshakes.dtls_questions,
        handshakes.quic_questions,
        handshakes.tls13_flights,
        handshakes.ssh_exchanges,
        handshakes.openvpn_sessions,
        handshakes.ike_messages,
        handshakes.ech_configs,
        replies.scripts,
        replies.proxies,
        replies.http,
        replies.revocation,
        replies.timestamps,
        replies.mail_domains,
        sources.kubernetes_objects,
        sources.consul_services,
        sources.docker_containers,
        texts.server_files,
        texts.targets_files,
        texts.yaml_files,
        texts.web_configurations,
        texts.trust_files,
        texts.log_lists,
        texts.source_texts,
        texts.recordings,
        texts.observations,
    )
}
