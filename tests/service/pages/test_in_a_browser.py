"""The pages in a real browser: no barriers, no errors, nothing from elsewhere, readable without JavaScript, small."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest

from tests.exporters.reports.browser import Browser, browser
from tests.service.pages.serving import fleet, real_endpoint, served
from tests.zoo.certificates import Certificates
from tests.zoo.openssl_servers import MODERN, SServer

pytestmark = pytest.mark.integration

AXE: Final = Path(__file__).parents[3] / ".cache/axe-core-4.14.1/axe.min.js"
PHONE, DESK, WALL = 360, 1280, 2560
COLOURS: Final = ("color-contrast", "link-in-text-block")
"""The rules of axe-core that depend on the colours: the others find the same in light and dark."""

FINDING: Final = "target=wiki.example:443&address=192.0.2.1&policy=intermediate&rule=trusted"
KNOWN: Final = "target=old.example:443&policy=intermediate&rule=protocol_versions"
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
    "/post-quantum": "Post-quantum",
    "/changes?days=90": "Changes",
    "/policies": "Policies",
    "/service": "Service",
    "/probes": "Probe a host",
    "/waivers": "Waivers",
    "/waivers/old-payments": "old-payments",
    f"/waive?{FINDING}": "Waive a finding",
    f"/finding?{KNOWN}": "A protocol version that is not allowed is offered: TLS 1.0 accepted",
    "/policies/diff": "Compare two policies",
    "/policies/diff?first=intermediate&second=strict": "Compare two policies",
    "/endpoints?expires=30&sort=expiry": "Endpoints",
    "/reports": "Reports",
}
MOST_BYTES: Final = 60_000
SERVER: Final = SServer(name="pages", options=MODERN)
ANSWERED: Final = {
    "TLS 1.3": "accepted",
    "TLS 1.2": "accepted",
    "TLS 1.1": "refused",
    "TLS 1.0": "refused",
}
"""What SERVER answers, by its options."""


@pytest.fixture(scope="module")
def site(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The pages of a fleet; one of its endpoints is a real server."""
    directory = tmp_path_factory.mktemp("pages")
    with (
        SERVER.start(certificates, directory) as port,
        served(directory, (*fleet(), real_endpoint(port))) as url,
    ):
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


def heading(page: Browser) -> str:
    return str(page.value_of("document.querySelector('h1').textContent"))


def main_text(page: Browser) -> str:
    return str(page.value_of("document.querySelector('main').innerText"))


def click(page: Browser, selector: str) -> None:
    """Click the first element; returns when the page that it leads to has loaded."""
    page.follow(f"document.querySelector({json.dumps(selector)}).click()")


def test_no_page_has_a_barrier_an_error_or_anything_from_elsewhere(
    chromium: Browser, site: str
) -> None:
    axe = AXE.read_text(encoding="utf-8")
    chromium.complaints.clear()
    chromium.requested.clear()
    for path, expected in PAGES.items():
        chromium.resize(DESK, 900)
        chromium.prefer(dark=False)
        chromium.visit(site + path)
        assert heading(chromium) == expected
        chromium.value_of("document.querySelectorAll('details').forEach((one) => one.open = true)")
        chromium.value_of(f"{axe}; 0")
        assert barriers(chromium) == [], path
        chromium.prefer(dark=True)
        assert barriers(chromium, *COLOURS) == [], path
        chromium.resize(PHONE, 800)
        assert barriers(chromium) == [], path
        chromium.prefer(dark=False)
        assert barriers(chromium, *COLOURS) == [], path
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
        for path, expected in PAGES.items():
            chromium.visit(site + path)
            text = chromium.value_of("document.body.innerText")
            assert expected in text, path
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


def test_a_new_user_goes_from_the_overview_to_a_waiver_a_report_and_a_comparison(
    chromium: Browser, site: str
) -> None:
    chromium.resize(DESK, 900)
    chromium.visit(f"{site}/")
    click(chromium, "nav a[href='/endpoints']")
    click(chromium, "tbody th a")
    assert heading(chromium) == "lost.example:443", "the worst is first"
    chromium.visit(f"{site}/endpoints?q=real.example")
    click(chromium, "tbody th a")
    own = chromium.value_of("location.href")
    click(chromium, "a[href^='/evidence'][href*='fact=protocols']")
    assert heading(chromium) == "Evidence"

    chromium.visit(own)
    click(chromium, "form[action='/probes'] button")
    assert chromium.value_of("location.pathname").startswith("/probes/")
    ended = chromium.value_of(
        """new Promise((done) => {
          const look = () => document.querySelector("#probe .badge").textContent;
          const check = () => look() === "running" || done(look());
          document.addEventListener("htmx:afterSettle", check);
          check();
        })"""
    )
    assert ended == "done"
    found = {
        version: chromium.value_of(
            "[...document.querySelectorAll('#probe th')].find((one) => "
            f"one.textContent === '{version}').nextElementSibling.textContent"
        )
        for version in ANSWERED
    }
    assert found == ANSWERED
    chromium.value_of(f"{AXE.read_text(encoding='utf-8')}; 0")
    assert barriers(chromium) == []

    chromium.visit(own)
    click(chromium, "a[href^='/waive?']")
    chromium.value_of("document.querySelector('input[name=reason]').value = 'until the move'; 0")
    click(chromium, "main form button")
    assert chromium.value_of("location.pathname") == "/waivers"
    chromium.visit(own)
    click(chromium, "a[href^='/finding?']")
    assert "Waived by anonymous until" in main_text(chromium)

    click(chromium, "nav a[href='/reports']")
    click(chromium, "a[href='/reports/html']")
    report = chromium.value_of("document.body.innerText")
    assert "real.example" in report
    assert "until the move" in report

    chromium.visit(f"{site}/policies")
    chromium.value_of(
        "for (const [name, policy] of [['first', 'intermediate'], ['second', 'strict']])"
        " document.querySelector(`select[name=${name}]`).value = policy; 0"
    )
    click(chromium, "form[action='/policies/diff'] button")
    assert "real.example" in main_text(chromium)
