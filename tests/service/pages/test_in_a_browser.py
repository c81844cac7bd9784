"""The pages in a real browser: no barriers, no errors, nothing from elsewhere, readable without JavaScript, small."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from tests.exporters.reports.browser import Browser, browser
from tests.service.pages.serving import fleet, served

pytestmark = pytest.mark.integration

AXE: Final = Path(__file__).parents[3] / ".cache/axe-core-4.14.1/axe.min.js"
PHONE, DESK, WALL = 360, 1280, 2560
WAIVED: Final = "target=wiki.example:443&address=192.0.2.1&policy=intermediate&rule=trusted"
PAGES: Final = {
    "/": "Overview",
    "/endpoints": "Endpoints",
    "/endpoints?q=nothing+has+this": "Endpoints",
    "/endpoint?target=old.example:443": "old.example:443",
    "/endpoint?target=lost.example:443": "lost.example:443",
    "/endpoint?target=none": "Not found",
    "/evidence?target=old.example:443&fact=protocols.TLSv1.0": "Evidence",
    "/findings": "Findings",
    "/findings?by=endpoint": "Findings",
    "/certificates": "Certificates",
    "/changes?days=90": "Changes",
    "/policies": "Policies",
    "/service": "Service",
    "/probes": "Probe a host",
    "/waivers": "Waivers",
    "/waivers/old-payments": "old-payments",
    f"/waive?{WAIVED}": "Waive a finding",
}
MOST_BYTES: Final = 60_000


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("pages"), fleet()) as url:
        yield url


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with browser(tmp_path_factory.mktemp("chromium")) as one:
        yield one


def barriers(page: Browser, *rules: str) -> list[str]:
    """What axe-core finds wrong in the page, by all its rules or only these."""
    options = {"runOnly": list(rules)} if rules else {}
    found = page.value_of(
        f"axe.run(document, {json.dumps(options)}).then((all) => all.violations.map("
        "(one) => one.id + ': ' + one.nodes.map((node) => node.html).join(' ')))"
    )
    return [str(one) for one in found]


def test_no_page_has_a_barrier_an_error_or_anything_from_elsewhere(
    chromium: Browser, site: str
) -> None:
    axe = AXE.read_text(encoding="utf-8")
    chromium.complaints.clear()
    chromium.requested.clear()
    for path, heading in PAGES.items():
        chromium.resize(DESK, 900)
        chromium.prefer(dark=False)
        chromium.visit(site + path)
        assert chromium.value_of("document.querySelector('h1').textContent") == heading
        chromium.value_of(f"{axe}; 0")
        assert barriers(chromium) == [], path
        chromium.prefer(dark=True)
        assert barriers(chromium, "color-contrast") == [], path
        chromium.resize(PHONE, 800)
        assert barriers(chromium) == [], path
        assert chromium.value_of("document.documentElement.scrollWidth") <= PHONE, path
        chromium.resize(WALL, 1400)
        assert chromium.value_of("document.documentElement.scrollWidth") <= WALL, path
    missing = [one for one in chromium.complaints if "404" not in one]
    assert missing == []
    # The browser's own picture in a date field is a data URL.
    loaded = [url for url in chromium.requested if not url.startswith("data:")]
    assert {urlsplit(url).netloc for url in loaded} == {urlsplit(site).netloc}


def test_a_page_is_small_also_for_a_browser_that_has_nothing_yet(
    chromium: Browser, site: str
) -> None:
    for path in PAGES:
        chromium.forget_files()
        chromium.visit(site + path)
        assert 0 < chromium.received_bytes < MOST_BYTES, path


def test_the_list_is_searched_as_the_user_types(chromium: Browser, site: str) -> None:
    chromium.visit(f"{site}/endpoints")
    shown = chromium.value_of(
        """new Promise((done) => {
          const field = document.querySelector("input[name=q]");
          document.addEventListener("htmx:afterSettle", () => done(
            [document.querySelectorAll("tbody tr").length, location.search, field.isConnected]));
          field.value = "old";
          field.dispatchEvent(new InputEvent("input", { bubbles: true }));
        })"""
    )
    assert shown[0] == 1
    assert "q=old" in shown[1]
    assert shown[2] is True


def test_every_page_can_be_read_without_javascript(chromium: Browser, site: str) -> None:
    chromium.run_scripts(on=False)
    try:
        for path, heading in PAGES.items():
            chromium.visit(site + path)
            text = chromium.value_of("document.body.innerText")
            assert heading in text, path
        chromium.visit(f"{site}/endpoints?q=old")
        assert chromium.value_of("document.querySelectorAll('tbody tr').length") == 1
    finally:
        chromium.run_scripts(on=True)


def test_a_printed_endpoint_has_its_facts_and_no_navigation(chromium: Browser, site: str) -> None:
    chromium.visit(f"{site}/endpoint?target=old.example:443")
    chromium.emulate_print()
    visible = "document.querySelector('{}').checkVisibility()"
    assert chromium.value_of(visible.format("header nav")) is False
    assert chromium.value_of(visible.format(".finding pre")) is True
    assert chromium.pdf().startswith(b"%PDF-")


def test_a_new_user_finds_the_worst_endpoint_probes_it_and_waives_its_finding(
    chromium: Browser, site: str
) -> None:
    axe = AXE.read_text(encoding="utf-8")
    chromium.resize(DESK, 900)
    chromium.visit(f"{site}/")
    chromium.follow("document.querySelector('nav a[href=\"/endpoints\"]').click()")
    chromium.follow("document.querySelector('tbody th a').click()")
    worst = chromium.value_of("location.href")
    assert "lost.example" in worst
    chromium.visit(f"{site}/endpoint?target=wiki.example:443")
    chromium.follow(
        'document.querySelector(\'a[href^="/evidence"][href*="fact=protocols"]\').click()'
    )
    assert chromium.value_of("document.querySelector('h1').textContent") == "Evidence"
    chromium.visit(f"{site}/endpoint?target=wiki.example:443")
    chromium.follow("document.querySelector('form[action=\"/probes\"] button').click()")
    probe = chromium.value_of("location.pathname")
    assert probe.startswith("/probes/")
    assert "only in memory" in chromium.value_of("document.body.innerText")
    ended = chromium.value_of(
        """new Promise((done) => {
          const look = () => document.querySelector("#probe .badge").textContent;
          const check = () => look() === "running" || done(look());
          document.addEventListener("htmx:afterSettle", check);
          check();
        })"""
    )
    assert ended == "done"
    chromium.value_of(f"{axe}; 0")
    assert barriers(chromium) == []
    chromium.visit(f"{site}/findings?by=endpoint&q=wiki.example")
    chromium.follow(
        'document.querySelector(\'a[href^="/waive?"][href*="protocol_versions"]\').click()'
    )
    chromium.value_of("document.querySelector('input[name=reason]').value = 'until the move'; 0")
    chromium.follow("document.querySelector('main form button').click()")
    assert chromium.value_of("location.pathname") == "/waivers"
    assert "until the move" in chromium.value_of("document.body.innerText")
    chromium.visit(f"{site}/findings?status=waived&by=endpoint")
    assert "wiki.example" in chromium.value_of("document.querySelector('main').innerText")
