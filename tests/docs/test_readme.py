"""README: its comparison agrees with the pages of measurements, and its links work."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
TRUTH = (ROOT / "docs/explanation/truth.md").read_text()
BENCHMARKS = (ROOT / "docs/explanation/benchmarks.md").read_text()


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def comparison() -> dict[str, dict[str, str]]:
    """The table's rows by their first words; each maps a tool, without its version, to a cell."""
    head, _, *rows = re.findall(r"^\|.*\|$", README.split("`make bench`:")[1], re.MULTILINE)
    tools = cells(head)[1:]
    return {
        cells(row)[0]: dict(zip(tools, cells(row)[1:], strict=True))
        for row in rows
        if cells(row)[0].startswith(("right", "connections"))
    }


def rows_of(page: str) -> dict[str, list[str]]:
    return {cells(line)[0]: cells(line)[1:] for line in re.findall(r"^\|.*\|$", page, re.MULTILINE)}


def test_the_correct_counts_agree_with_the_truth() -> None:
    says = rows_of(TRUTH.split("\n## SSH servers")[0])
    right = {
        f"{'testssl.sh' if tool == 'testssl' else tool} {version}": count
        for tool, (version, count) in (
            (tool, says[tool]) for tool in ("tlsprobe", "sslyze", "testssl", "nmap", "sslscan")
        )
    }
    (row,) = (row for name, row in comparison().items() if name.startswith("right"))
    assert {tool: cell.split()[0] for tool, cell in row.items()} == right


def test_costs_are_what_the_benchmarks_measure() -> None:
    seen = rows_of(BENCHMARKS.split("## Seen")[1].split("Seconds of wall time")[0])
    rows = comparison()
    fewer = rows["connections for versions, suites, groups and chains of one nginx"]
    defaults = rows["connections with the tool's defaults"]
    for tool in ("tlsprobe 0.1.0", "sslyze 6.3.1", "sslscan 2.0.7"):
        assert [fewer[tool], defaults[tool]] == seen[tool]
    assert ["", defaults["nmap 7.93"]] == seen["nmap 7.93"]
    assert {fewer["testssl.sh 3.0.8"], defaults["testssl.sh 3.0.8"]} == {"not measured"}


def test_links_lead_to_files() -> None:
    links = re.findall(r"\]\(([^)#]+)[^)]*\)", README)
    assert links
    assert [link for link in links if "//" not in link and not (ROOT / link).exists()] == []
