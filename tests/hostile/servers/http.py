"""Hostile web servers, inside TLS and in plaintext (RFC 9110, RFC 9112, RFC 6797)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import chain, count
from typing import Final

from probe.checks.part import Part
from tests.hostile.mode import Mode, drip, endless, send_all, stream, with_plaintext_web
from tests.hostile.self_signed import tls_context
from tests.probe.programmable.server import Behaviour, Connection

_PARTS: Final = frozenset({Part.VERSIONS, Part.HTTP})
OK: Final = b"HTTP/1.1 200 OK\r\n"
MEGABYTE: Final = 1_000_000


def _replies_with(reply: Callable[[bytes], Iterable[bytes]]) -> Behaviour:
    """Answers a request with pieces that depend on it, at the client's pace."""

    async def behave(connection: Connection) -> None:
        request = await connection.receive()
        if request:
            await send_all(connection, reply(request))
            await connection.until_closed()

    return behave


def _always(*pieces: bytes) -> Behaviour:
    return _replies_with(lambda _: pieces)


async def _drips(connection: Connection) -> None:
    if await connection.receive():
        await drip(connection, OK + b"Server: slow\r\n" * 1_000, seconds=0.05)


def _endless_names(_: bytes) -> Iterable[bytes]:
    return chain([OK], (b"X-%d: %d\r\n" % (at, at) for at in count()))


def _redirect(request: bytes) -> Iterable[bytes]:
    """Each redirect leads to another path of the same host, without end."""
    path = request.split(b" ")[1] if request.count(b" ") > 1 else b"/"
    host = request.partition(b"Host: ")[2].partition(b"\r\n")[0]
    location = b"Location: http://%s%sx\r\n" % (host, path)
    return [b"HTTP/1.1 302 Found\r\n" + location + b"Content-Length: 0\r\n\r\n"]


LONG_SPACES: Final = b"Strict-Transport-Security: max-age=1" + b" ;" * 8_000 + b"\r\n"
LONG_QUOTES: Final = b'Strict-Transport-Security: max-age="' + b'\\"' * 8_000 + b"\r\n"
LONG_SERVICES: Final = b"Alt-Svc: " + b'h3=":443"; ma=1, ' * 900 + b"\r\n"
COOKIE: Final = b"Set-Cookie: a=" + b"b" * 20 + b"; Path=/; " + b"x;" * 30 + b"\r\n"

_REPLIES: Final[tuple[tuple[str, str, Behaviour], ...]] = (
    ("endless-head", "A head with another field for ever.", _replies_with(_endless_names)),
    (
        "endless-line",
        "A status line that never ends.",
        _replies_with(lambda _: chain([b"HTTP/1.1 200 "], endless(b"a"))),
    ),
    (
        "long-field",
        "One field of 1 MB.",
        _always(OK + b"Server: " + b"a" * MEGABYTE + b"\r\n\r\n"),
    ),
    (
        "many-fields",
        "100,000 fields.",
        _always(OK + b"A: b\r\n" * 100_000 + b"\r\n"),
    ),
    (
        "folded-field",
        "One field that is folded over 30,000 lines.",
        _always(OK + b"Server: a" + b"\r\n b" * 30_000 + b"\r\n\r\n"),
    ),
    (
        "interim",
        "Interim answers (100 Continue) for ever.",
        _replies_with(lambda _: endless(b"HTTP/1.1 100 Continue\r\n\r\n")),
    ),
    ("hsts-spaces", "An HSTS field of empty directives.", _always(OK + LONG_SPACES + b"\r\n")),
    ("hsts-quotes", "An HSTS field whose quotes never end.", _always(OK + LONG_QUOTES + b"\r\n")),
    (
        "hsts-digits",
        "An HSTS field with a max-age of 16,000 digits.",
        _always(OK + b"Strict-Transport-Security: max-age=" + b"9" * 16_000 + b"\r\n\r\n"),
    ),
    ("services", "An Alt-Svc field of 900 services.", _always(OK + LONG_SERVICES + b"\r\n")),
    ("cookies", "As many cookies as fit.", _always(OK + COOKIE * 10_000 + b"\r\n")),
    ("redirects", "Redirects to another path each time.", _replies_with(_redirect)),
    (
        "chunks",
        "Chunks of one byte for ever.",
        _replies_with(
            lambda _: chain([OK + b"Transfer-Encoding: chunked\r\n\r\n"], endless(b"1\r\na\r\n"))
        ),
    ),
    (
        "null-bytes",
        "A head of null bytes without an end.",
        _replies_with(lambda _: chain([OK], endless(b"\0"))),
    ),
    ("drip", "A head, one byte every twentieth of a second.", _drips),
)


def _inside_tls(name: str, attack: str, web: Behaviour) -> Mode:
    return Mode(
        name=f"http-{name}",
        attack=f"Inside TLS: {attack}",
        start=stream(web, tls_context),
        is_web=True,
        parts=_PARTS,
    )


def _in_plaintext(name: str, attack: str, web: Behaviour) -> Mode:
    return Mode(
        name=f"plaintext-http-{name}",
        attack=f"In plaintext: {attack}",
        start=with_plaintext_web(stream(_always(OK + b"\r\n"), tls_context), web),
        is_web=True,
        parts=_PARTS,
    )


MODES: Final = (
    *(_inside_tls(*reply) for reply in _REPLIES),
    *(_in_plaintext(*reply) for reply in _REPLIES),
)
