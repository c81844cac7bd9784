"""Any text can go anywhere: for each destination, another program reads it back as text, and finds nothing else."""

from __future__ import annotations

import csv
import email
import io
import json
import unicodedata
from collections.abc import Callable
from email.policy import SMTP
from html.parser import HTMLParser
from typing import Final
from xml.etree import ElementTree as ET

import cmarkgfm
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console

from exporters.html_templates import Templates, html_templates, script_data
from exporters.terminal.safe_text import SafeText
from model.safe_output.chat_text import LONGEST_QUOTE, chat_code, chat_plain
from model.safe_output.csv_text import csv_text
from model.safe_output.label_text import quoted
from model.safe_output.mail_text import mail_text
from model.safe_output.markdown_text import block, code, plain
from model.safe_output.one_line import clean
from model.safe_output.printable import printable
from model.safe_output.xml_text import element
from service.http.text_answers import json_answer, text_answer

CONTROLS: Final = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
_NASTY: Final = (
    "\x1b[2J",
    "\x1b]0;title\x07",
    "\r\nBcc: all@example.test\r\n\r\n",
    "\u202e",
    "\x9b31m",
    "\u2028",
    "\ud800",
    "\ufeff",
    "\x00",
    "<script>alert(1)</script>",
    "]]>",
    "</script>",
    "&amp;",
    '" onload="x',
    "=cmd|' /C calc'!A0",
    "\uff1dSUM(A1)",
    "@here <!channel> <https://evil.test|ok>",
    "`",
    "``` \n# x",
    "[x](javascript:y)",
    "| a | b |",
    "![x](https://evil.test/x)",
    "{{ 7 * 7 }}",
    '"} 1\nup 0\n',
    "\\",
    "[red]x[/red]",
)
HOSTILE: Final = st.lists(st.sampled_from(_NASTY) | st.text(max_size=4), max_size=6).map("".join)


def is_calm(text: str) -> bool:
    """It has nothing that a terminal or a reader of logs could take for more than text."""
    return not CONTROLS & {unicodedata.category(char) for char in text}


class Page(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags += [tag, *(f"{name}={value}" for name, value in attrs)]

    def handle_data(self, data: str) -> None:
        self.words += data


@pytest.fixture(scope="module")
def templates() -> Templates:
    return html_templates("exporters.reports.formats")


ONE_LINE: Final[list[Callable[[str], str]]] = [printable, clean, chat_code, chat_plain, code, plain]


@pytest.mark.parametrize("make", ONE_LINE, ids=lambda make: make.__name__)
@given(text=HOSTILE)
def test_a_text_is_one_line_without_controls(make: Callable[[str], str], text: str) -> None:
    made = make(text)
    assert is_calm(made)
    made.encode()


@given(HOSTILE)
def test_a_safe_text_stays_as_it_is(text: str) -> None:
    assert printable(printable(text)) == printable(text)
    assert clean(clean(text)) == clean(text)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_a_terminal_gets_only_text(first: str, second: str, third: str) -> None:
    stream = io.StringIO()
    console = Console(file=stream, width=500, color_system=None, highlight=False)
    shown = SafeText(first).append(second, style="red")
    console.print(SafeText.of(shown, (third, "bold")), soft_wrap=True)
    written = stream.getvalue()
    assert written.count("\n") == 1
    assert is_calm(written.replace("\n", ""))
    assert written.rstrip("\n") == "".join(map(printable, (first, second, third)))


@given(HOSTILE, HOSTILE)
def test_a_page_has_only_the_template_s_elements(
    templates: Templates, text: str, more: str
) -> None:
    source = '<p title="{{ text }}">{{ more }}</p>'
    page = templates.from_string(source).render(text=text, more=more)
    assert is_calm(page)
    assert Page(page).tags == ["p", f"title={clean(text)}"]
    assert Page(page).words == clean(more)


@given(HOSTILE)
def test_data_in_a_page_cannot_end_their_block(text: str) -> None:
    written = str(script_data(json.dumps(text)))
    assert not {"<", ">", "&"} & set(written)
    assert json.loads(written) == text


@given(HOSTILE)
def test_markdown_shows_the_text_and_makes_nothing_of_it(text: str) -> None:
    for source, tags in ((f"observed: {code(text)}", {"p", "code"}), (plain(text), {"p", "code"})):
        assert set(Page(cmarkgfm.github_flavored_markdown_to_html(source)).tags) <= tags
    fenced = "\n".join(block([text], "sh"))
    html = cmarkgfm.github_flavored_markdown_to_html(fenced)
    assert set(Page(html).tags) <= {"pre", "lang=sh", "code", "class=language-sh"}


@given(st.lists(st.lists(HOSTILE, min_size=2, max_size=2), max_size=4))
def test_csv_has_its_cells_and_no_formula(rows: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(csv_text(rows), newline="")))
    assert [len(row) for row in read] == [len(row) for row in rows]
    for row, cells in zip(rows, read, strict=True):
        for text, shown in zip(row, cells, strict=True):
            assert shown.removeprefix("'") == clean(text).removeprefix("'")
            assert not shown.lstrip(" ").startswith(("=", "+", "-", "@", "\uff1d"))


@given(HOSTILE, HOSTILE)
def test_xml_has_the_text_and_no_other_elements(attribute: str, line: str) -> None:
    written = ET.tostring(element("case", lines=[line], name=attribute), encoding="unicode")
    read = ET.fromstring(written)  # noqa: S314 (what we wrote)
    assert (read.tag, list(read), read.attrib) == ("case", [], {"name": clean(attribute)})
    assert (read.text or "") == clean(line)


@given(HOSTILE, HOSTILE)
def test_an_email_has_the_given_headers_and_no_others(subject: str, line: str) -> None:
    message = email.message_from_bytes(mail_text({"Subject": subject}, [line]), policy=SMTP)
    own = {"Content-Type", "Content-Transfer-Encoding", "MIME-Version"}
    assert set(message.keys()) - own == {"Subject"}
    assert not message.defects
    assert is_calm(str(message["Subject"]))
    body = message.get_content()
    assert isinstance(body, str)
    assert body.replace("\r\n", "\n").rstrip("\n") == printable(line)


@given(HOSTILE)
def test_a_chat_message_has_no_mention_and_no_link(text: str) -> None:
    for made in (chat_code(text), chat_plain(text)):
        assert not {"<", ">"} & set(made)
    assert chat_code(text).count("`") == 2
    assert len(chat_code(text)) <= 10 * LONGEST_QUOTE


@given(HOSTILE)
def test_a_label_has_the_text_and_starts_no_series(text: str) -> None:
    page = f'up{{name="{quoted(text)}"}} 1\n'
    (family,) = text_string_to_metric_families(page)
    (sample,) = family.samples
    assert (sample.name, set(sample.labels), sample.value) == ("up", {"name"}, 1)
    assert is_calm(sample.labels["name"])


@given(HOSTILE)
def test_an_answer_over_http_is_calm_and_can_be_sent(text: str) -> None:
    shown = bytes(text_answer(text).body).decode()
    assert is_calm(shown.replace("\n", ""))
    sent = bytes(json_answer({"error": text}).body)
    assert sent.isascii()
    assert json.loads(sent) == {"error": text}
