"""The list of words that are not written is found in every kind of file, and nothing else is."""

from __future__ import annotations

import pytest

from scripts.check_wording import hits, main, read_phrases

PHRASES = read_phrases()


def found(path: str, text: str) -> list[tuple[int, str]]:
    return [(hit.line, hit.found) for hit in hits(path, text, PHRASES)]


@pytest.mark.parametrize(
    "planted", ["This is the mend.", "The file is no JSON.", "Off unless said."]
)
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("docs/how-to/page.md", "# A page\n\n{}\n"),
        ("README.md", "Text.\n\n| a cell | {} |\n"),
        ("service/cli/command.py", 'import typer\n\nOPTION = typer.Option(help="{}")\n'),
        (
            "policy/rules/rule.py",
            'def requirement() -> str:\n    """What it asks.\n\n    {}\n    """\n',
        ),
        ("probe/module.py", "value = 1\n\ncount = 2  # {}\n"),
        ("exporters/alerts.yml", "groups:\n  - name: a\n    summary: {}\n"),
        ("exporters/pages/page.html", "<html>\n<body>\n<p>{}</p>\n"),
        ("Makefile", "help:\n\techo\n\t## {}\n"),
    ],
)
def test_a_planted_phrase_is_found_on_its_line(path: str, text: str, planted: str) -> None:
    before = text.partition("{}")[0].count("\n")
    assert [line for line, _ in found(path, text.format(planted))] == [before + 1]


@pytest.mark.parametrize(
    "text",
    [
        '"""The file is\nno JSON at all."""\n',
        "# The file is\n# no JSON at all.\n",
        'raise ValueError("The file is "\n                 "no JSON at all.")\n',
    ],
)
def test_a_phrase_is_found_across_a_line_break(text: str) -> None:
    assert len(found("a.py", text)) == 1


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.py", "outlet = mend(anew)\n"),
        ("a.py", 'column = "outlet"\n'),
        ("a.py", '"""The label `outlet` was renamed."""\n'),
        ("a.md", "The setting `outlet` is now `sink`.\n"),
        ("a.md", "There is no JSON, it is no longer read, and it is no more than text.\n"),
        ("a.md", "It recommends an amendment.\n"),
        ("a.yml", 'summary: "Deliveries to {{ $labels.outlet }} fail"\n'),
    ],
)
def test_names_and_ordinary_words_are_not_changed(path: str, text: str) -> None:
    assert found(path, text) == []


def test_a_hit_shows_where_it_is_and_what_to_write(
    tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path_factory.mktemp("pages") / "page.md"
    page.write_text("One line.\nThe mend is here.\n")
    assert main([str(page)]) == 1
    assert capsys.readouterr().out == f"{page}:2: 'mend': write: fix\n"
    page.write_text("One line.\n")
    assert main([str(page)]) == 0
