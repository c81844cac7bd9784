"""A report displays any text of a server, an owner or a policy, and never interprets it."""

from __future__ import annotations

import csv
import io
import json
import unicodedata
from html.parser import HTMLParser
from xml.parsers import expat

import cmarkgfm
import pytest
from hypothesis import assume, example, given, settings
from jsonschema import Draft4Validator

from exporters.reports import REPORTS, Report, report_format, verify_report
from exporters.reports.formats.as_csv import COLUMNS
from exporters.reports.formats.as_sarif import message
from model.safe_output.csv_text import cell
from model.safe_output.markdown_text import code, plain
from model.safe_output.one_line import clean
from tests.exporters.reports.oscal_schema import OSCAL, oscal_problems
from tests.exporters.reports.samples import HOSTILE, hostile_reports, report
from tests.exporters.reports.test_reports import SARIF_SCHEMA

pytestmark = pytest.mark.slow

UNSAFE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
PAGES = ("html", "executive", "policy", "guidelines")


class Tags(HTMLParser):
    """Counts a page's elements and attributes by name, and collects its text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: set[str] = set()
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen |= {tag, *(f"{tag} {name}" for name, _ in attrs)}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


KNOWN_TAGS = frozenset(
    tag for name in PAGES for tag in Tags(report_format(name).write(report())).seen
)


@settings(max_examples=40, deadline=None)
@given(hostile_reports())
def test_no_page_has_an_element_that_its_template_does_not_have(hostile: Report) -> None:
    for name in PAGES:
        assert Tags(report_format(name).write(hostile)).seen <= KNOWN_TAGS


@settings(max_examples=40, deadline=None)
@given(hostile_reports())
def test_no_report_contains_control_characters(hostile: Report) -> None:
    for form in REPORTS:
        text = form.write(hostile).replace("\r\n", "\n").replace("\n", "")
        assert not UNSAFE_CATEGORIES & {unicodedata.category(char) for char in text}, form.name
        text.encode()


@settings(max_examples=25, deadline=None)
@given(hostile_reports())
def test_every_format_of_hostile_data_is_verified(hostile: Report) -> None:
    assume(hostile.endpoints[0].key != hostile.endpoints[1].key)
    data = report_format("json").write(hostile)
    for form in REPORTS:
        known = None if form.needs_cryptography else data
        assert verify_report(form.write(hostile), known).is_intact
    assert verify_report(report_format("html").write(hostile)).is_intact


@given(HOSTILE)
def test_no_cell_is_a_formula(text: str) -> None:
    written = cell(text)
    assert written.lstrip(" ")[:1] not in {*"=+-@\uff1d\uff0b\uff0d\uff20\t\r"}
    assert written.removeprefix("'").startswith(clean(text)[:20].removeprefix("'"))


@settings(max_examples=30, deadline=None)
@given(hostile_reports())
def test_a_spreadsheet_reads_the_columns_that_were_written(hostile: Report) -> None:
    rows = list(
        csv.reader(io.StringIO(report_format("csv").write(hostile), newline=""), strict=True)
    )
    assert {len(row) for row in rows} == {len(COLUMNS)}
    assert len(rows) == 3


@given(HOSTILE)
@example("a | b")
@example("`` ` ``")
@example(" `x")
def test_a_code_span_contains_its_whole_text(text: str) -> None:
    page = cmarkgfm.github_flavored_markdown_to_html(
        f"| a | b |\n|---|---|\n| x {code(text)} | y |"
    )
    assert page.count("<td>") == 2
    inside = Tags(page)
    assert inside.seen == {"table", "thead", "tbody", "tr", "th", "td"} | (
        {"code"} if code(text) != "-" else set()
    )
    said = "".join(inside.words).split()
    expected = clean(text).replace("|", "\\x7c").split() or ["-"]
    assert said == ["a", "b", "x", *expected, "y"]


@given(HOSTILE)
@example("all@example.test @team @@ `@` @")
@example("[a](https://evil.example) <b> https://evil.example www.evil.example $x$ ~~y~~")
def test_plain_text_is_not_markup(text: str) -> None:
    page = Tags(cmarkgfm.github_flavored_markdown_to_html(f"x{plain(text)}"))
    assert page.seen - {"code"} == {"p"}
    assert "".join(page.words).strip() == f"x{clean(text)}".strip()


@settings(max_examples=30, deadline=None)
@given(hostile_reports())
def test_xml_is_well_formed_for_any_content(hostile: Report) -> None:
    tags: set[str] = set()
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, _: tags.add(tag)
    parser.Parse(report_format("junit").write(hostile).encode(), True)
    assert tags <= {
        "testsuites",
        "testsuite",
        "properties",
        "property",
        "testcase",
        "failure",
        "error",
        "skipped",
    }


@given(HOSTILE)
def test_a_sarif_message_has_no_link_and_no_argument(text: str) -> None:
    written = message(text).replace("\\\\", "")
    assert "[" not in written.replace("\\[", "")
    assert "{" not in written.replace("{{", "")


@settings(max_examples=15, deadline=None)
@given(hostile_reports())
def test_sarif_is_valid_by_its_schema_for_any_content(hostile: Report) -> None:
    log = json.loads(report_format("sarif").write(hostile))
    assert [*Draft4Validator(SARIF_SCHEMA).iter_errors(log)] == []


@settings(max_examples=25, deadline=None)
@given(hostile_reports())
def test_oscal_is_valid_by_its_schema_for_any_content(hostile: Report) -> None:
    for name in OSCAL:
        assert oscal_problems(report_format(name).write(hostile)) == []


@pytest.mark.parametrize("name", PAGES)
def test_a_page_needs_nothing_from_elsewhere(name: str) -> None:
    page = report_format(name).write(report())
    assert "http://" not in page
    assert "https://" not in page
    assert "default-src 'none'" in page


MARKUP_OF_OSCAL = frozenset({"title", "description", "statement", "remarks", "prose", "text"})
"""The fields of the documents that are markup-line or markup-multiline (OSCAL 1.1.3)."""


def _markup_fields(value: object) -> list[str]:
    if isinstance(value, list):
        return [text for item in value for text in _markup_fields(item)]
    if not isinstance(value, dict):
        return []
    own = [text for name, text in value.items() if name in MARKUP_OF_OSCAL]
    return own + [text for item in value.values() for text in _markup_fields(item)]


@settings(max_examples=40, deadline=None)
@given(hostile_reports())
def test_no_text_of_an_oscal_document_is_markup(hostile: Report) -> None:
    documents = [json.loads(report_format(name).write(hostile)) for name in OSCAL]
    texts = [text for one in documents for text in _markup_fields(one)]
    assert texts
    for text in texts:
        page = Tags(cmarkgfm.github_flavored_markdown_to_html(text))
        # Remediations are code blocks; everything else is at most a paragraph, with code.
        assert page.seen <= ({"pre", "code"} if text.startswith("```") else {"p", "code"})


@given(HOSTILE)
@example("- a list")
@example("12) a list")
@example("1. a list")
@example("=== ")
@example("    code")
@example("x^2^ {{ insert: param, ac-1 }}")
def test_plain_text_at_the_start_of_a_line_is_not_markup(text: str) -> None:
    page = Tags(cmarkgfm.github_flavored_markdown_to_html(plain(text).strip()))
    assert page.seen <= {"p", "code"}
    assert "".join(page.words).split() == clean(text).split()
