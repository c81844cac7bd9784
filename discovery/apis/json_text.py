"""Parses untrusted JSON (RFC 8259) in small steps: the event loop keeps running, and memory is bounded.

``json.loads`` is a single C call that blocks all other threads until it is done, however long the text is.
This parser is a loop of small steps and runs in a thread. It counts values and does not recurse.
"""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any, Final

MOST_VALUES: Final = 4_000_000
"""Values per text: enough for the targets and labels of a million endpoints."""

DEEPEST: Final = 64
LONGEST_TOKEN: Final = 1 << 19
"""Characters of one string: a Kubernetes annotation has at most 256 KiB."""

_TOKEN: Final = re.compile(
    r"[ \t\n\r]*+(?:"
    r'("[^"\\\x00-\x1f]*+(?:\\.[^"\\\x00-\x1f]*+)*+")'
    r"|([\[\]{},:])"
    r"|([-+.\w]++))"
)
_BLANK: Final = re.compile(r"[ \t\n\r]*+")


async def parse_json(text: str, most_values: int = MOST_VALUES) -> Any:
    """The result of ``json.loads``, computed in a thread; raises ValueError like ``read_json``."""
    return await asyncio.to_thread(read_json, text, most_values)


def read_json(text: str, most_values: int = MOST_VALUES) -> Any:
    """The value of ``text``.

    Raises:
        ValueError: if it is not JSON, is nested deeper than 64, or has more than ``most_values`` values.
    """
    return _Reader(text, most_values).value()


class _Reader:
    """Parses one text; ``_open`` has the lists and objects that are not closed yet."""

    def __init__(self, text: str, most_values: int) -> None:
        self._text = text
        self._left = most_values
        self._at = 0
        self._open: list[list[Any] | dict[str, Any]] = []

    def value(self) -> Any:
        """The value of the whole text."""
        found, is_closed = self._begun(self._token())
        while self._open or not is_closed:
            found, is_closed = self._next()
        if not _BLANK.fullmatch(self._text, self._at):
            raise ValueError(f"there is extra text after the value, at character {self._at}")
        return found

    def _token(self) -> str:
        match = _TOKEN.match(self._text, self._at, self._at + LONGEST_TOKEN)
        if match is None:
            raise ValueError(f"invalid JSON at character {self._at}")
        self._at = match.end()
        return match[match.lastindex or 0]

    def _begun(self, token: str) -> tuple[Any, bool]:
        """The value that starts with ``token``, and whether it is complete."""
        self._left -= 1
        if self._left < 0:
            raise ValueError("it has too many values")
        if token not in {"[", "{"}:
            return self._scalar(token), True
        if len(self._open) >= DEEPEST:
            raise ValueError(f"it is nested deeper than {DEEPEST} levels")
        opened: list[Any] | dict[str, Any] = {} if token == "{" else []  # noqa: S105 (a bracket)
        self._open.append(opened)
        return opened, False

    def _next(self) -> tuple[Any, bool]:
        """One step in the innermost list or object: its next value, or its end."""
        inner = self._open[-1]
        token = self._token()
        if token == ("]" if isinstance(inner, list) else "}"):
            return self._open.pop(), True
        if inner:
            self._expect(token, ",")
            token = self._token()
        if isinstance(inner, list):
            found = self._begun(token)
            inner.append(found[0])
            return found
        key = self._scalar(token)
        if not isinstance(key, str):
            raise ValueError(f"a key is missing at character {self._at}")
        self._expect(self._token(), ":")
        found = self._begun(self._token())
        inner[key] = found[0]
        return found

    def _scalar(self, token: str) -> Any:
        try:
            return json.loads(token)
        except ValueError as error:
            raise ValueError(f"invalid JSON at character {self._at - len(token)}") from error

    def _expect(self, token: str, wanted: str) -> None:
        if token != wanted:
            raise ValueError(
                f"it has {token[:20]!r} instead of {wanted!r} before character {self._at}"
            )
