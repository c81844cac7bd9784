"""The HTML reports in a real browser: no complaints, complete, nothing overflows, printable."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from exporters.reports import Report, report_format
from tests.exporters.reports.browser import Browser, browser
from tests.exporters.reports.samples import report

pytestmark = pytest.mark.integration

SECTIONS = {
    "html": {
        "summary",
        "history",
        "findings",
        "controls",
        "unproved",
        "claims",
        "post-quantum",
        "probed",
        "not-reached",
        "certificates",
        "waivers",
        "audit-log",
        "policies",
        "verification",
    },
    "executive": {"now", "teams", "over-time", "worst", "expiring", "verification"},
    "policy": {"principles", "policy-1", "exceptions", "verification"},
    "guidelines": {"principles", "guideline-1", "guideline-2", "guideline-3", "verification"},
}
EVERY_PAGE = pytest.mark.parametrize("name", SECTIONS)
PHONE, DESK = 375, 1200


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium")) as one:
        yield one


def with_long_names() -> Report:
    """Names of 400 characters without a place to break."""
    name = "a" * 400
    sample = report()
    endpoints = [
        replace(
            endpoint,
            key=f"{name}.example:443@192.0.2.1",
            labels={"team": name},
            unknown=(name,),
            certificates=tuple(replace(one, subject=name) for one in endpoint.certificates),
        )
        for endpoint in sample.endpoints
    ]
    return replace(
        sample,
        endpoints=tuple(endpoints),
        policies=tuple(replace(policy, title=name) for policy in sample.policies),
        waivers=tuple(replace(waiver, reason=name) for waiver in sample.waivers),
    )


def shown(
    chromium: Browser,
    directory: Path,
    name: str,
    said: Report,
    *,
    width: int = DESK,
    dark: bool = False,
) -> None:
    file = directory / f"{name}.html"
    file.write_text(report_format(name).write(said))
    chromium.open(file, width=width, dark=dark)


@EVERY_PAGE
def test_the_browser_reports_no_error_and_finds_every_section(
    chromium: Browser, tmp_path: Path, name: str
) -> None:
    chromium.complaints.clear()
    shown(chromium, tmp_path, name, report())
    found = chromium.value_of("[...document.querySelectorAll('h2')].map(one => one.id)")
    assert set(found) == SECTIONS[name]
    assert chromium.complaints == []


@EVERY_PAGE
@pytest.mark.parametrize("width", [PHONE, DESK])
def test_a_long_name_does_not_overflow_the_page(
    chromium: Browser, tmp_path: Path, name: str, width: int
) -> None:
    shown(chromium, tmp_path, name, with_long_names(), width=width)
    assert chromium.value_of("document.documentElement.scrollWidth") <= width


@EVERY_PAGE
def test_the_page_can_be_printed(chromium: Browser, tmp_path: Path, name: str) -> None:
    shown(chromium, tmp_path, name, report())
    printed = chromium.pdf()
    assert printed.startswith(b"%PDF-")
    assert b"/Type /Page" in printed


def test_evidence_is_collapsed_on_screen_and_expanded_on_paper(
    chromium: Browser, tmp_path: Path
) -> None:
    shown(chromium, tmp_path, "html", report())
    visible = "document.querySelector('.fold').checkVisibility()"
    assert chromium.value_of("document.querySelectorAll('details[open]').length") == 0
    assert chromium.value_of(visible) is False
    chromium.emulate_print()
    assert chromium.value_of(visible) is True


def test_the_data_can_be_read_by_parsing_the_page(chromium: Browser, tmp_path: Path) -> None:
    shown(chromium, tmp_path, "html", report())
    count = chromium.value_of(
        "JSON.parse(document.getElementById('tlsprobe-report').textContent).endpoints.length"
    )
    assert count == len(report().endpoints)


@EVERY_PAGE
@pytest.mark.parametrize("dark", [False, True])
def test_text_has_enough_contrast(chromium: Browser, tmp_path: Path, name: str, dark: bool) -> None:
    """WCAG 2.2, 1.4.3: a contrast of at least 4.5 to 1."""
    shown(chromium, tmp_path, name, report(), dark=dark)
    assert chromium.value_of(_LOWEST_CONTRAST) >= 4.5


_LOWEST_CONTRAST = """
(() => {
  const parsed = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((c) => c / 255)
    .map((c) => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = getComputedStyle(one).backgroundColor;
      if (colour.startsWith("rgb(")) return parsed(colour);
    }
    return [255, 255, 255];
  };
  const ratios = [...document.querySelectorAll("h1, h2, h3, p, a, dt, dd, th, td, b, code, pre, span")]
    .filter((one) => one.childNodes.length && one.textContent.trim() && one.checkVisibility())
    .filter((one) => !one.closest(".heat"))
    .map((one) => [light(parsed(getComputedStyle(one).color)), light(ground(one))])
    .map(([ink, paper]) => (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05));
  return Math.min(...ratios);
})()
"""
