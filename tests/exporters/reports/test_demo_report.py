"""The demo's own report, opened in a real browser as the service delivers it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exporters.reports import verify_report
from service.demo.recipes import RECIPES
from tests.exporters.reports.browser import browser
from tests.exporters.reports.test_in_a_browser import SECTIONS
from tests.service.processes import running
from tests.support.plain_http import get

pytestmark = [pytest.mark.integration, pytest.mark.process, pytest.mark.slow]

_FINISHED = "visit finished"


def test_the_demo_shows_its_report(tmp_path: Path) -> None:
    arguments = ("demo", "--listen", "127.0.0.1:0", "--directory", tmp_path / "demo")
    with running(*arguments) as process:
        assert process.stderr is not None
        url, visited = "", 0
        while visited < len(RECIPES):
            said = json.loads(process.stderr.readline())
            url = said.get("url", url)
            visited += said["event"] == _FINISHED
        with browser(tmp_path / "chromium") as chromium:
            chromium.visit(f"{url}/reports/html")
            found = chromium.value_of("[...document.querySelectorAll('h2')].map(one => one.id)")
            cards = chromium.value_of("document.querySelectorAll('article.card').length")
            complaints = chromium.complaints
        page = get(f"{url}/reports/html").text
    assert set(found) == SECTIONS["html"]
    assert cards > 0
    assert complaints == []
    assert verify_report(page).is_intact
    assert "TLS 1.0 and TLS 1.1 are offered" in page
    assert "<code>certificate_validity (TP-CERT-005)</code>" in page
