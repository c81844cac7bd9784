"""The data of one recorded visit, and its file format: JSON lines, as docs/reference/recordings.md describes.

The first line says what was visited and how, then one line follows for each conversation, and the last line
marks the visit as complete.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final, TypeVar

from model.application_protocol import DEFAULT_PROTOCOL
from model.dns.service_bindings import ServiceBindings
from model.encoding.times_json import time_from_json, time_to_json
from model.frozen import frozen
from model.intrusiveness import Intrusiveness
from model.observation import Cost
from model.target import Endpoint, Target
from probe.checks.part import Part
from probe.dialogue.answer import ConnectFailure, Ending
from probe.dialogue.handshake import Handshake
from probe.quic.answer import QuicAnswer
from probe.recording.plain import from_plain, to_plain

FORMAT: Final = 1
_EARLIER_USER_AGENT: Final = "tlsprobe"
"""The user agent of visits that were recorded before recordings stored it."""

_LONGEST_LINE: Final = 2**22
_MOST_LINES: Final = 100_000


class RecordingError(ValueError):
    """A file without a recording, or with a broken one; the message is one sentence with the line number."""


@frozen
class Conversation:
    """One connection: our first and later bytes, and the answer, piece by piece.

    ``ending`` is None if the answer was complete before the end. ``no_connection`` is set if there was no
    connection. ``started`` and ``done`` are seconds since the visit began.
    """

    said: tuple[bytes, ...] = ()
    heard: tuple[bytes, ...] = ()
    ending: Ending | None = None
    no_connection: ConnectFailure | None = None
    started: float
    done: float


@frozen
class RecordedHandshake:
    """A full handshake by its outcome: its keys were used once and no longer exist."""

    outcome: Handshake
    started: float
    done: float


@frozen
class RecordedQuic:
    """The outcome of QUIC; None if it could not be asked."""

    outcome: QuicAnswer | None


@frozen
class RecordedVisit:
    """All of one visit, in the order in which questions began."""

    tool_version: str
    endpoint: Endpoint
    started_at: datetime
    parts: frozenset[Part]
    intrusiveness: Intrusiveness
    user_agent: str
    nonce: bytes
    conversations: tuple[Conversation, ...]
    handshakes: tuple[RecordedHandshake, ...]
    quic: RecordedQuic | None = None
    service_bindings: ServiceBindings | None = None
    cost: Cost


def to_lines(visit: RecordedVisit) -> Iterator[str]:
    """The visit as lines without line ends."""
    target = visit.endpoint.target
    yield _line(
        "visit",
        {
            "format": FORMAT,
            "tool_version": visit.tool_version,
            "host": target.host,
            "port": target.port,
            "server_name": target.server_name,
            "protocol": target.protocol,
            "labels": dict(target.labels),
            "address": visit.endpoint.address,
            "started_at": time_to_json(visit.started_at),
            "parts": sorted(visit.parts),
            "intrusiveness": visit.intrusiveness.value,
            "user_agent": visit.user_agent,
            "nonce": visit.nonce.hex(),
        },
    )
    for conversation in visit.conversations:
        yield _line("conversation", to_plain(conversation))
    for handshake in visit.handshakes:
        yield _line("handshake", to_plain(handshake))
    if visit.quic is not None:
        yield _line("quic", to_plain(visit.quic))
    if visit.service_bindings is not None:
        yield _line("service_bindings", to_plain(visit.service_bindings))
    yield _line("cost", to_plain(visit.cost))


def from_lines(lines: Iterable[str]) -> Iterator[RecordedVisit]:
    """The visits in the lines, one after the other.

    Raises:
        RecordingError: for the first invalid line, or if the last visit is incomplete.
    """
    header: dict[str, Any] | None = None
    conversations: list[Conversation] = []
    handshakes: list[RecordedHandshake] = []
    others: dict[str, Any] = {}
    number = 0
    for number, line in enumerate(lines, start=1):
        kind, plain = _read_line(line, number)
        is_header = kind == "visit"
        if is_header is (header is not None):
            fault = "begins a visit within a visit" if is_header else "belongs to no visit"
            raise RecordingError(f"line {number} {fault}; record the visit again")
        try:
            match kind:
                case "visit":
                    header = _header(plain)
                case "conversation":
                    conversations.append(from_plain(Conversation, plain))
                case "handshake":
                    handshakes.append(from_plain(RecordedHandshake, plain))
                case "quic":
                    others["quic"] = from_plain(RecordedQuic, plain)
                case "service_bindings":
                    others[kind] = from_plain(ServiceBindings, plain)
                case "cost":
                    yield RecordedVisit(
                        **(header or {}),
                        conversations=tuple(conversations),
                        handshakes=tuple(handshakes),
                        **others,
                        cost=from_plain(Cost, plain),
                    )
                    header, conversations, handshakes, others = None, [], [], {}
                case _:
                    raise ValueError(f"{kind!r} is not a kind of line of a recording")
        except (ValueError, KeyError, AttributeError) as error:
            raise RecordingError(f"line {number} cannot be read: {error}") from error
    if header is not None or number == 0:
        raise RecordingError(f"the recording ends too early, at line {number}; record it again")


def _line(kind: str, plain: object) -> str:
    return json.dumps({kind: plain}, separators=(",", ":"))


def _read_line(line: str, number: int) -> tuple[str, Any]:
    if len(line) > _LONGEST_LINE or number > _MOST_LINES:
        raise RecordingError(
            f"line {number} exceeds what a recording contains; use a file that tlsprobe recorded"
        )
    try:
        ((kind, plain),) = json.loads(line).items()
    except (ValueError, AttributeError, RecursionError):
        raise RecordingError(
            f"line {number} is not a line of a recording; use a file that tlsprobe recorded"
        ) from None
    return kind, plain


Kind = TypeVar("Kind")


def _of(kind: type[Kind], value: object, name: str) -> Kind:
    if not isinstance(value, kind):
        raise ValueError(f"{name} has the wrong type: {value!r}")
    return value


def _header(plain: dict[str, Any]) -> dict[str, Any]:
    if plain.get("format") != FORMAT:
        raise ValueError(
            f"its format is {plain.get('format')!r}, but this version of tlsprobe reads {FORMAT}"
        )
    server_name = plain["server_name"]
    target = Target(
        host=_of(str, plain["host"], "host"),
        port=_of(int, plain["port"], "port"),
        server_name=None if server_name is None else _of(str, server_name, "server_name"),
        protocol=_of(str, plain.get("protocol", DEFAULT_PROTOCOL), "protocol"),
        labels={
            _of(str, name, "label"): _of(str, text, "label")
            for name, text in plain.get("labels", {}).items()
        },
    )
    return {
        "tool_version": _of(str, plain["tool_version"], "tool_version"),
        "endpoint": Endpoint(target=target, address=_of(str, plain["address"], "address")),
        "started_at": _of(
            datetime, time_from_json(_of(str, plain["started_at"], "started_at")), "started_at"
        ),
        "parts": frozenset(Part(name) for name in plain["parts"]),
        "user_agent": _of(str, plain.get("user_agent", _EARLIER_USER_AGENT), "user_agent"),
        "intrusiveness": Intrusiveness(plain.get("intrusiveness", Intrusiveness.FULL)),
        "nonce": bytes.fromhex(_of(str, plain["nonce"], "nonce")),
    }
