"""The words of one line of HAProxy's configuration (configuration manual, 2.2 Quoting and escaping, 2.3 Variables)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_VARIABLE: Final = re.compile(r"\$(?:\{(\w+)(?:\[\*\])?(?:-([^}]*))?\}|(\w+))")
_ESCAPES: Final = {"n": "\n", "r": "\r", "t": "\t"}
_HEX: Final = re.compile(r"x([0-9a-fA-F]{2})")


class UnknownVariableError(Exception):
    """The line has a variable whose value is not known here; the message is its name."""


def words_of(line: str, variables: Mapping[str, str], *, unset_is_empty: bool = False) -> list[str]:
    """The words, with variables in double quotes expanded, up to a comment.

    HAProxy takes a variable that is not set for empty, which is right here only if it does not matter.

    Raises:
        ValueError: if a quote is not closed.
        UnknownVariableError: if a variable is not among ``variables`` and has no default, unless ``unset_is_empty``.
    """
    return _Line(line, variables, unset_is_empty=unset_is_empty).words()


class _Line:
    """Reads one line from left to right; ``_word`` is None between words."""

    def __init__(self, line: str, variables: Mapping[str, str], *, unset_is_empty: bool) -> None:
        self._line = line
        self._default = "" if unset_is_empty else None
        self._variables = variables
        self._at = 0
        self._word: str | None = None
        self._words: list[str] = []

    def words(self) -> list[str]:
        quote = ""
        while self._at < len(self._line):
            letter = self._line[self._at]
            if quote and letter == quote:
                quote = ""
                self._at += 1
            elif not quote and letter in "\"'":
                quote = letter
                self._word = self._word or ""
                self._at += 1
            elif letter == "\\" and quote != "'":
                self._add(self._escaped())
            elif letter == "$" and quote == '"':
                self._add(self._expanded())
            elif not quote and letter == "#":
                break
            elif not quote and letter.isspace():
                self._end()
                self._at += 1
            else:
                self._add(letter)
                self._at += 1
        if quote:
            raise ValueError(f"a quote ({quote}) is not closed")
        self._end()
        return self._words

    def _add(self, text: str) -> None:
        self._word = (self._word or "") + text

    def _end(self) -> None:
        if self._word is not None:
            self._words.append(self._word)
            self._word = None

    def _escaped(self) -> str:
        following = self._line[self._at + 1 :]
        if code := _HEX.match(following):
            self._at += 4
            return chr(int(code[1], 16))
        self._at += 2
        return _ESCAPES.get(following[:1], following[:1])

    def _expanded(self) -> str:
        found = _VARIABLE.match(self._line, self._at)
        if found is None:
            self._at += 1
            return "$"
        self._at = found.end()
        name = found[1] or found[3]
        value = self._variables.get(name, self._default if found[2] is None else found[2])
        if value is None:
            raise UnknownVariableError(name)
        return value
