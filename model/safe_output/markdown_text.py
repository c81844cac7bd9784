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

from model.safe_output.one_line import clean

_MARKUP: Final = re.compile(r"([\\`*_{}\[\]<>()#+!|~^$&:]|(?<=www)\.)", re.IGNORECASE)
_AT_THE_START: Final = re.compile(r"^(\s*)(?:([-=])|(\d{1,9})([.)]))")
"""Where a list, a heading's underline or a number of a list would begin."""
_AT: Final = re.compile("(@+)")
_BACKTICKS: Final = re.compile("`+")


def code(text: str) -> str:
    """``text`` as a code span that no character in it can end; a hyphen for no text.

    The span's fence is longer than any run of backticks in it. A vertical bar would end a table's cell even
    inside a code span, so it is written as an escape.
    """
    shown = clean(text).replace("|", "\\x7c")
    if not shown.strip(" "):
        return "-"
    longest = max((len(found) for found in _BACKTICKS.findall(shown)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if "`" in (shown[0], shown[-1]) or " " in (shown[0], shown[-1]) else ""
    return f"{fence}{pad}{shown}{pad}{fence}"


def plain(text: str) -> str:
    """``text`` as a paragraph's words without markup, wherever in a line they are.

    An @ is a code span: GitHub makes links of addresses, and mentions, after all escapes are resolved.
    """
    escaped = _AT.sub(r"`\1`", _MARKUP.sub(r"\\\1", clean(text)))
    return _AT_THE_START.sub(_escape_start, escaped)


def _escape_start(found: re.Match[str]) -> str:
    space, sign, number, end = found.groups()
    return f"{space}\\{sign}" if sign else f"{space}{number}\\{end}"


def block(lines: Sequence[str], language: str = "") -> Iterator[str]:
    """``lines`` as a fenced code block that no line in it can end."""
    shown = [clean(line) for line in lines]
    longest = max((len(found) for line in shown for found in _BACKTICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield from (f"{fence}{language}", *shown, fence)
