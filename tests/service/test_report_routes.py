"""Reports over HTTP: each format under its name, and one sentence for an invalid request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping

import httpx
import pytest
from starlette.applications import Starlette

from exporters.reports import REPORTS, Report, ReportFormat, verify_report
from service.http.guard.access import Access
from service.http.guard.guard import Guard
from service.http.reports import ReportOptions, WrittenReports, report_routes
from storage import StoreError
from tests.exporters.reports.samples import report


class Making:
    """Returns the sample report, and records the requests."""

    asked: tuple[Mapping[str, str], int] | None = None
    fault: str | None = None

    async def __call__(self, options: ReportOptions) -> Report:
        self.asked = options.labels, options.weeks
        if self.fault is not None:
            raise StoreError(self.fault)
        return report()


@pytest.fixture
def making() -> Making:
    return Making()


@pytest.fixture
async def client(making: Making) -> AsyncIterator[httpx.AsyncClient]:
    app = Guard(Starlette(routes=report_routes(WrittenReports(making))), Access())
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://localhost"
    ) as client:
        yield client


@pytest.mark.parametrize("form", REPORTS, ids=lambda form: form.name)
async def test_every_format_has_its_path_and_runs_no_script(
    client: httpx.AsyncClient, form: ReportFormat
) -> None:
    answer = await client.get(f"/reports/{form.name}")
    assert answer.status_code == 200
    assert answer.text == form.write(report())
    assert answer.headers["content-type"] == form.media_type
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_served_report_can_be_verified(client: httpx.AsyncClient) -> None:
    assert verify_report((await client.get("/reports/html")).text).is_intact


async def test_labels_and_weeks_are_passed_to_the_store(
    client: httpx.AsyncClient, making: Making
) -> None:
    await client.get("/reports/csv?label=team%3Dweb&label=env%3Dproduction&weeks=3")
    assert making.asked == ({"team": "web", "env": "production"}, 3)


async def test_the_executive_page_shows_twelve_months_by_default(
    client: httpx.AsyncClient, making: Making
) -> None:
    await client.get("/reports/executive")
    assert making.asked == ({}, 12)


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/reports/pdf", 404, "unknown report 'pdf': use one of html, markdown"),
        ("/reports/html?label=team", 400, "'team' must be NAME=VALUE"),
        ("/reports/html?weeks=many", 400, "weeks must be a whole number"),
        ("/reports/html?weeks=9999", 400, "weeks must be a whole number"),
    ],
)
async def test_an_impossible_request_gets_one_sentence(
    client: httpx.AsyncClient, path: str, status: int, words: str
) -> None:
    answer = await client.get(path)
    assert answer.status_code == status
    assert words in answer.text
    assert answer.text.count("\n") == 1


async def test_an_unreadable_database_is_reported(
    client: httpx.AsyncClient, making: Making
) -> None:
    making.fault = "the database cannot be read"
    answer = await client.get("/reports/json")
    assert (answer.status_code, answer.text) == (503, "the database cannot be read\n")
