"""The head of one HTTP/1.x reply, read as browsers read it: at most 16 KiB, 1xx replies before it included.

RFC 9112 lets a client reject a head with one bad line. Browsers show such pages, so a scanner that rejects
them sees no web server where users see one. A line that is not a valid field is skipped; everything else
counts (the Fetch standard and Chromium's ``HttpResponseHeaders`` do the same).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from model.frozen import frozen
from probe.web.status_line import http_status, may_begin_http

LONGEST_HEAD: Final = 2**14
END_OF_HEAD: Final = re.compile(rb"\n\r?\n")
_FIELD_NAME: Final = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""token of RFC 9110, section 5.6.2."""
_SWITCHING_PROTOCOLS: Final = 101


_TARGET: Final = re.compile(r"[!-~]+")
_FIELD_VALUE: Final = re.compile(r"[!-~]([ -~]*[!-~])?")


class NotHttpError(Exception):
    """The bytes cannot be a reply of HTTP/1.x, or its head does not end within 16 KiB."""


@frozen
class Head:
    """A status code and the valid fields, in their order; names and values as they came, without white space
    around them."""

    status: int
    fields: tuple[tuple[bytes, bytes], ...]


def request_bytes(method: str, target: str, fields: Sequence[tuple[str, str]]) -> bytes:
    """A request without a body (RFC 9112, section 3).

    Raises:
        ValueError: for a text that would end its line or its word.
    """
    if not _TARGET.fullmatch(target):
        raise ValueError(f"{target[:100]!r} must be visible ASCII characters, without spaces")
    for name, value in fields:
        if not _FIELD_VALUE.fullmatch(value):
            raise ValueError(f"{name}: {value[:100]!r} must be printable ASCII characters")
    lines = (f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields))
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode("ascii")


class HeadReader:
    """The client's side of one exchange, up to the head of the reply.

    ``surplus`` is what came after the head, once the head is complete.
    """

    def __init__(self) -> None:
        self._received = bytearray()
        self._taken = 0
        self._searched = 0
        self.surplus = b""

    def feed(self, received: bytes) -> Head | None:
        """The reply once its head is complete.

        Raises:
            NotHttpError: if this is not HTTP, or the head is too long.
        """
        taken = received[: LONGEST_HEAD - self._taken]
        self._received += taken
        self._taken += len(taken)
        self._check_beginning()
        while found := END_OF_HEAD.search(self._received, self._searched):
            head = _read(bytes(self._received[: found.start()]))
            if not 100 <= head.status < 200 or head.status == _SWITCHING_PROTOCOLS:
                self.surplus = bytes(self._received[found.end() :]) + received[len(taken) :]
                return head
            del self._received[: found.end()]
            self._searched = 0
            self._check_beginning()
        # The end of a head has at most three bytes: the first two may have come already.
        self._searched = max(0, len(self._received) - 2)
        if self._taken == LONGEST_HEAD:
            raise NotHttpError(f"no end of the head within {LONGEST_HEAD} bytes")
        return None

    def end(self) -> Head:
        """The head as far as it came: a server that closes ends its head, as browsers see it.

        Raises:
            NotHttpError: if its status code did not come.
        """
        return _read(bytes(self._received))

    def _check_beginning(self) -> None:
        if not may_begin_http(self._received):
            raise NotHttpError("it does not begin with HTTP/")


def _read(head: bytes) -> Head:
    status = http_status(head)
    if status is None:
        raise NotHttpError("its first line has no status code")
    _, *lines = head.lstrip(b"\r\n").replace(b"\r\n", b"\n").split(b"\n")
    return Head(status=status, fields=_fields(lines))


def _fields(lines: list[bytes]) -> tuple[tuple[bytes, bytes], ...]:
    """The valid fields. A line that begins with white space continues the one before it (RFC 9112, section 5.2)."""
    fields: list[tuple[bytes, bytes]] = []
    is_valid = False
    for line in lines:
        if line[:1] in (b" ", b"\t"):
            if is_valid:
                name, value = fields[-1]
                fields[-1] = (name, (value + b" " + line.strip(b" \t")).strip())
            continue
        name, colon, value = line.partition(b":")
        name = name.rstrip(b" \t")
        is_valid = bool(colon) and _FIELD_NAME.fullmatch(name) is not None
        if is_valid:
            fields.append((name, value.strip(b" \t\r")))
    return tuple(fields)
