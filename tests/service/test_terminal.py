from __future__ import annotations

import io
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exporters.terminal.console import ProgressLine, printable, wants_colour

# Characters that move a cursor, start an escape sequence, end a line or reorder text: the Unicode
# categories of controls, formats, surrogates, private and unassigned code points, separators.
UNSAFE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}

texts = st.text(st.characters())


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@given(texts)
@example("\x1b]0;owned\x07\x1b[2J")
@example("\x9b31m")
@example("\u202eevil\u2066\u200f\ufeff")
@example("\ud800 \U000e0041 \x7f\r\n\t\x00\u2028\xa0")
def test_nothing_that_controls_a_terminal_is_printable(text: str) -> None:
    escaped = printable(text)
    assert not UNSAFE_CATEGORIES & {unicodedata.category(char) for char in escaped}


@given(texts)
def test_printable_text_is_unchanged(text: str) -> None:
    once = printable(text)
    assert printable(once) == once


@given(texts, st.integers(min_value=3, max_value=40))
def test_a_limit_holds_for_the_escaped_text(text: str, limit: int) -> None:
    whole, cut = printable(text), printable(text, limit=limit)
    assert cut == (whole if len(whole) <= limit else whole[: limit - 3] + "...")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("CN=Müller, O=日本", "CN=Müller, O=日本"),
        ("a\x1b[31mb", "a\\x1b[31mb"),
        ("gpj\u202egnp", "gpj\\u202egnp"),
        ("\U000e0001", "\\U000e0001"),
    ],
)
def test_escapes_name_the_code_point(text: str, expected: str) -> None:
    assert printable(text) == expected


@pytest.mark.parametrize(
    ("environment", "refused", "expected"),
    [
        ({}, False, True),
        ({"NO_COLOR": ""}, False, True),
        ({"NO_COLOR": "1"}, False, False),
        ({"TERM": "dumb"}, False, False),
        ({}, True, False),
    ],
)
def test_colour_is_used_only_on_terminals_that_allow_it(
    environment: dict[str, str], refused: bool, expected: bool
) -> None:
    assert wants_colour(Terminal(), environment, refused=refused) is expected
    assert wants_colour(io.StringIO(), environment, refused=refused) is False


def test_progress_is_shown_only_on_terminals() -> None:
    pipe = io.StringIO()
    progress = ProgressLine(pipe)
    progress.show("asking")
    progress.clear()
    assert pipe.getvalue() == ""


def test_progress_rewrites_one_line_and_clears_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    progress = ProgressLine(terminal)
    progress.show("one\n\x1b[2J")
    progress.show("two")
    progress.clear()
    progress.clear()
    assert terminal.getvalue() == "\r\x1b[Kone\\x0a\\x1b[2J\r\x1b[Ktwo\r\x1b[K"
