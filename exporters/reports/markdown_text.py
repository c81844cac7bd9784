"""Escapes any text for Markdown: for CommonMark, GitHub's tables and OSCAL's markup.

Text from servers and operators is in code spans or code blocks, where nothing is markup, a link or a mention;
words in a paragraph are escaped (CommonMark 0.31, section 2.4). OSCAL's ``markup-line`` and
``markup-multiline`` are a subset of CommonMark with ``^superscript^``, ``~subscript~`` and ``{{ insert }}``
(NIST, *OSCAL Data Types*, "Markup Data Types"), which the same escapes cover.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from exporters.reports import words

_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~^$&@:]|(?<=www)\.)", re.IGNORECASE)
_AT_THE_START: Final = re.compile(r"^(\s*)(?:([-=])|(\d{1,9})([.)]))")
"""Where a list, a heading's underline or a number of a list would begin."""
_BACKTICKS: Final = re.compile("`+")


def code(text: str) -> str:
    """``text`` as a code span that no character in it can end; a hyphen for no text.

    The span's fence is longer than any run of backticks in it. A vertical bar would end a table's cell even
    inside a code span, so it is written as an escape.
    """
    clean = words.clean(text).replace("|", "\\x7c")
    if not clean.strip(" "):
        return "-"
    longest = max((len(found) for found in _BACKTICKS.findall(clean)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if "`" in (clean[0], clean[-1]) or " " in (clean[0], clean[-1]) else ""
    return f"{fence}{pad}{clean}{pad}{fence}"


def plain(text: str) -> str:
    """``text`` as a paragraph's words without markup, wherever in a line they are."""
    escaped = _MARKUP.sub(r"\\\1", words.clean(text))
    return _AT_THE_START.sub(_escape_start, escaped)


def _escape_start(found: re.Match[str]) -> str:
    space, sign, number, end = found.groups()
    return f"{space}\\{sign}" if sign else f"{space}{number}\\{end}"


def block(lines: Sequence[str], language: str = "") -> Iterator[str]:
    """``lines`` as a fenced code block that no line in it can end."""
    clean = [words.clean(line) for line in lines]
    longest = max((len(found) for line in clean for found in _BACKTICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}{language}", *clean, fence)
