"""Formats the bytes of a conversation as lines for people: records, messages, suites and extensions by name.

For proofs, which are whole records, single messages or the two bytes of an alert; also for SSL 2.0.
Unreadable bytes are reported as such and never raise. Names in the bytes are the peer's own text: code that
prints the lines on a terminal must make them printable first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from model.protocol_version import ProtocolVersion
from model.registry import (
    alert_name,
    cipher_suite_name,
    extension_name,
    named_group_name,
    signature_scheme_name,
)
from pki.byte_reader import ByteReader, DecodeError
from probe.tls.extensions import Extension, ExtensionType
from probe.tls.hello import ClientHello, ServerHello
from probe.tls.limits import MAX_NAMES
from probe.tls.record import (
    RECORD_HEADER_LENGTH,
    ContentType,
    HandshakeType,
    MessageReader,
    RecordReader,
)

_INDENT: Final = "  "
_MOST_SHOWN: Final = 32
_SIGNS_OF_TEXT: Final = 4
_LEVELS: Final = {1: "warning", 2: "fatal"}
_SIGNALS: Final = {0x00FF: "TLS_EMPTY_RENEGOTIATION_INFO_SCSV", 0x5600: "TLS_FALLBACK_SCSV"}
_SSLV2_MESSAGES: Final = {0: "ERROR", 1: "CLIENT-HELLO", 4: "SERVER-HELLO"}


def decoded(raw: bytes) -> list[str]:
    """The content of ``raw``, one line for each item, indented by two spaces for each level."""
    if len(raw) == 2:
        return [_alert(raw)]
    if len(raw) > RECORD_HEADER_LENGTH and raw[0] in frozenset(ContentType) and raw[1] == 3:
        return list(_records(raw))
    if len(raw) > 3 and raw[0] & 0x80 and raw[2] in _SSLV2_MESSAGES:
        return [f"SSL 2.0 {_SSLV2_MESSAGES[raw[2]]}, {len(raw)} bytes"]
    if is_text(raw):
        return raw.decode(errors="replace").splitlines()
    reader = MessageReader()
    reader.feed(raw)
    return list(_messages(reader)) or [f"{len(raw)} bytes that are not TLS"]


def is_text(raw: bytes) -> bool:
    """Whether ``raw`` begins as text: no message, alert or record of TLS begins so."""
    return len(raw) > _SIGNS_OF_TEXT and all(0x20 <= byte < 0x7F for byte in raw[:_SIGNS_OF_TEXT])


def hex_dump(raw: bytes, most: int = 4096) -> list[str]:
    """Sixteen bytes a line after their offset, followed by their printable ASCII characters."""
    lines = []
    for start in range(0, min(len(raw), most), 16):
        row = raw[start : start + 16]
        text = "".join(chr(byte) if 0x20 <= byte < 0x7F else "." for byte in row)
        lines.append(f"{start:04x}  {row.hex(' '):<47}  {text}")
    if len(raw) > most:
        lines.append(f"and {len(raw) - most} more bytes")
    return lines


def _records(raw: bytes) -> Iterator[str]:
    records, messages = RecordReader(), MessageReader()
    records.feed(raw)
    try:
        while (record := records.next_record()) is not None:
            name = record.content_type.name.lower()
            yield f"record {name} {_version(record.version)}, {len(record.fragment)} bytes"
            if record.content_type is ContentType.HANDSHAKE:
                messages.feed(record.fragment)
                yield from (_INDENT + line for line in _messages(messages))
            elif record.content_type is ContentType.ALERT and len(record.fragment) == 2:
                yield _INDENT + _alert(record.fragment)
    except DecodeError as flaw:
        yield str(flaw)
    if records.has_partial_record:
        yield "the beginning of a record"


def _messages(reader: MessageReader) -> Iterator[str]:
    try:
        while (message := reader.next_message()) is not None:
            yield from _message(*message)
    except DecodeError as flaw:
        yield str(flaw)


def _message(message_type: int, body: bytes) -> Iterator[str]:
    try:
        name = HandshakeType(message_type).name.lower()
    except ValueError:
        name = f"handshake message {message_type}"
    yield f"{name}, {len(body)} bytes"
    match message_type:
        case HandshakeType.CLIENT_HELLO:
            yield from (_INDENT + line for line in _client_hello(ClientHello.decode(body)))
        case HandshakeType.SERVER_HELLO:
            yield from (_INDENT + line for line in _server_hello(ServerHello.decode(body)))


def _client_hello(hello: ClientHello) -> Iterator[str]:
    yield f"legacy_version {_version(hello.legacy_version)}"
    yield f"random {hello.random.hex()}"
    yield f"session_id {hello.session_id.hex() or 'empty'}"
    yield f"{len(hello.cipher_suites)} cipher_suites"
    yield from (_INDENT + _suite(suite) for suite in hello.cipher_suites)
    yield f"compression_methods {hello.compression_methods.hex(' ')}"
    yield from _extensions(hello.extensions or (), is_client=True)


def _server_hello(hello: ServerHello) -> Iterator[str]:
    if hello.is_retry_request:
        yield "a HelloRetryRequest, by its random"
    yield f"legacy_version {_version(hello.legacy_version)}"
    yield f"random {hello.random.hex()}"
    yield f"session_id {hello.session_id.hex() or 'empty'}"
    yield f"cipher_suite {_suite(hello.cipher_suite)}"
    yield f"compression_method {hello.compression_method}"
    yield from _extensions(hello.extensions, is_client=False)


def _extensions(extensions: tuple[Extension, ...], *, is_client: bool) -> Iterator[str]:
    for item in extensions:
        yield f"extension {extension_name(item.code_point)}, {len(item.body)} bytes"
        try:
            shown = list(_body(item, is_client=is_client))
        except DecodeError as flaw:
            shown = [str(flaw)]
        yield from (_INDENT + line for line in shown)


def _body(item: Extension, *, is_client: bool) -> Iterator[str]:
    reader = ByteReader(item.body, extension_name(item.code_point))
    lists: dict[int, tuple[int, Callable[[int], str]]] = {
        ExtensionType.SUPPORTED_GROUPS: (2, named_group_name),
        ExtensionType.SIGNATURE_ALGORITHMS: (2, signature_scheme_name),
        ExtensionType.SUPPORTED_VERSIONS: (1, _version),
    }
    is_list = is_client or item.code_point == ExtensionType.SUPPORTED_GROUPS
    if item.code_point in lists and is_list:
        width, name = lists[item.code_point]
        yield ", ".join(map(name, reader.uint16_list(width)))
    elif item.code_point == ExtensionType.SUPPORTED_VERSIONS:
        yield _version(reader.uint(2))
    elif item.code_point == ExtensionType.KEY_SHARE and not is_client:
        yield named_group_name(reader.uint(2))
    elif item.code_point == ExtensionType.SERVER_NAME and item.body:
        yield item.body[5:].decode("ascii", "backslashreplace")
    elif item.code_point == ExtensionType.APPLICATION_LAYER_PROTOCOL_NEGOTIATION:
        names = ByteReader(reader.vector(2), reader.what)
        for one in names.vectors(1, MAX_NAMES):
            yield one.decode("ascii", "backslashreplace")
    elif item.body and item.code_point != ExtensionType.PADDING:
        more = " ..." if len(item.body) > _MOST_SHOWN else ""
        yield item.body[:_MOST_SHOWN].hex(" ") + more


def _alert(fragment: bytes) -> str:
    level, description = fragment
    return f"alert {_LEVELS.get(level, f'level {level}')} {alert_name(description)}"


def _suite(code_point: int) -> str:
    return f"0x{code_point:04X} {_SIGNALS.get(code_point) or cipher_suite_name(code_point)}"


def _version(number: int) -> str:
    try:
        return ProtocolVersion(number).label
    except ValueError:
        return f"0x{number:04X}"
