"""Every route of the service, for any request: a status below 500, with the headers that all responses have."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import quote, unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.routing import Route
from starlette.types import Message

from exporters.prometheus import PageWriter
from exporters.reports import Report
from model.clock import SystemClock
from model.snapshot import Snapshot
from model.target import Target
from service.config.modules.on_demand import OnDemandSettings
from service.http.app import inventory_route, make_app
from service.http.audit import audit_route
from service.http.fleet import fleet_route
from service.http.guard.access import Access
from service.http.guard.guard import Guard
from service.http.guard.principal import Principal
from service.http.guard.query import QueryRoute
from service.http.pages.routes import page_routes
from service.http.probe import probe_route
from service.http.reports import ReportOptions, WrittenReports, report_routes
from service.http.service_discovery import service_discovery_route
from service.http.waivers import WaiverDesk, waiver_routes
from service.inventory.metrics_page import InventoryPage
from service.judging.policy_evaluator import PolicyEvaluator
from service.setting_types.roles import Role
from storage import SqlStore
from tests.exporters.reports.samples import report
from tests.service.pages.samples import sources_of
from tests.service.pages.samples import status as status_of
from tests.service.probe_endpoint.asking import World
from tests.service.samples import NOW, modern

pytestmark = pytest.mark.slow

HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}
PARAMETERS: Final = (
    "q",
    "page",
    "sort",
    "expires",
    "address",
    "fact",
    "id",
    "first",
    "second",
    "policy",
    "rule",
    "by",
    "place",
    "until",
    "target",
    "module",
    "hostname",
    "label",
    "weeks",
    "days",
    "limit",
    "other",
)
HOST: Final = (b"host", b"localhost")


@dataclass(frozen=True, kw_only=True)
class Asked:
    """One request, as a server passes it to an application."""

    method: str = "GET"
    path: str = "/"
    query: bytes = b""
    headers: tuple[tuple[bytes, bytes], ...] = (HOST,)
    body: bytes = b""


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: Headers
    text: str


class Service:
    """All routes behind the guard, called without a network."""

    def __init__(self, app: Starlette) -> None:
        self.roles = {
            (method, route.path): route.role
            for route in app.routes
            if isinstance(route, QueryRoute)
            for method in route.methods or ()
        }
        self.routes = [
            (method, route.path)
            for route in app.routes
            if isinstance(route, Route)
            for method in sorted(route.methods or ())
        ]
        self._app = Guard(app, Access())

    async def ask(self, asked: Asked) -> Answer:
        sent: list[Message] = []
        messages: list[Message] = [{"type": "http.request", "body": asked.body, "more_body": False}]

        async def receive() -> Message:
            return messages.pop() if messages else {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": asked.method,
            "scheme": "http",
            "path": unquote(asked.path),
            "raw_path": asked.path.encode(),
            "root_path": "",
            "query_string": asked.query,
            "headers": list(asked.headers),
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 9844),
        }
        await self._app(scope, receive, send)
        start, *bodies = sent
        headers = Headers(raw=start["headers"])
        text = b"".join(one.get("body", b"") for one in bodies)
        shown = "" if "content-encoding" in headers else text.decode()
        return Answer(status=start["status"], headers=headers, text=shown)


@asynccontextmanager
async def service() -> AsyncIterator[Service]:
    """The routes that the daemon combines."""
    snapshot = Snapshot(taken_at=NOW, endpoints=(status_of(modern()),))
    clock = SystemClock()
    page = InventoryPage(lambda: snapshot, PageWriter(), clock, lambda _: None)

    async def reload(_: Principal) -> str | None:
        return None

    async def enumerate_soon(wanted: str | None, _: Principal) -> bool:
        return wanted is None

    async def make(_: ReportOptions) -> Report:
        return report()

    with TemporaryDirectory() as directory:
        async with await SqlStore.open(f"sqlite:///{Path(directory) / 'kept.db'}") as store:
            yield Service(
                make_app(
                    service_registry=CollectorRegistry(),
                    is_ready=lambda: True,
                    status=lambda: {"targets": 1},
                    reload=reload,
                    enumerate_soon=enumerate_soon,
                    more=(
                        *page_routes(lambda: snapshot, clock, sources_of(store)),
                        inventory_route(page),
                        fleet_route(lambda: snapshot),
                        probe_route(World().prober(OnDemandSettings())),
                        service_discovery_route(
                            lambda: (Target(host="a.test", port=443, server_name="a.test"),)
                        ),
                        *waiver_routes(
                            WaiverDesk(PolicyEvaluator(), store, lambda: NOW), lambda: ()
                        ),
                        audit_route(store, lambda: NOW),
                        *report_routes(WrittenReports(make)),
                    ),
                )
            )


@pytest.fixture
async def running_service() -> AsyncIterator[Service]:
    async with service() as made:
        yield made


_PAIRS = st.tuples(st.sampled_from(PARAMETERS), st.text(max_size=30) | st.just("9" * 5000))
_QUERIES = st.binary(max_size=200) | st.lists(_PAIRS, max_size=80).map(
    lambda pairs: "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs).encode()
)
_FIELDS = st.sampled_from(
    (
        b"accept",
        b"accept-encoding",
        b"authorization",
        b"content-length",
        b"content-type",
        b"cookie",
        b"forwarded",
        b"host",
        b"origin",
        b"sec-fetch-site",
        b"x-prometheus-scrape-timeout-seconds",
    )
)
_VALUES = st.binary(max_size=60) | st.sampled_from(
    (
        b"application/openmetrics-text; version=\xb2",
        b"application/openmetrics-text;version=1.0.0;escaping=x",
        b"application/json",
        b"application/x-www-form-urlencoded",
        b"same-origin",
        b"nan",
        b"1e999",
        b"1_0",
        b"-0",
        b"9" * 5000,
    )
)
_BODIES = st.binary(max_size=100) | st.sampled_from(
    (
        b"[]",
        b"{}",
        b'{"name": "\\ud800"}',
        b"9" * 5000,
        b"[" * 60_000,
        b'{"labels": {"\\ud800": 1}}',
    )
)


@st.composite
def requests(draw: st.DrawFn, routes: list[tuple[str, str]]) -> Asked:
    _, path = draw(st.sampled_from(routes))
    word = quote(draw(st.text(max_size=20) | st.sampled_from(("html", "json"))), safe="")
    fields = draw(st.lists(st.tuples(_FIELDS, _VALUES), max_size=6))
    return Asked(
        method=draw(st.sampled_from(("GET", "HEAD", "POST", "DELETE", "PUT", "OPTIONS", "TRACE"))),
        path=re.sub(r"\{\w+\}", lambda _: word, path),
        query=draw(_QUERIES),
        headers=(*draw(st.sampled_from(((HOST,), ()))), *fields),
        body=draw(_BODIES),
    )


def test_any_request_of_any_route_has_an_answer_below_500() -> None:
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        running_service = runner.run(stack.enter_async_context(service()))

        @settings(max_examples=300, deadline=None)
        @given(requests(running_service.routes))
        def check(asked: Asked) -> None:
            answer = runner.run(running_service.ask(asked))
            assert answer.status < 500
            assert {name: answer.headers[name] for name in HEADERS} == HEADERS
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
            assert answer.headers["referrer-policy"] in {"no-referrer", "same-origin"}
            assert re.match("/(?!/)", answer.headers.get("location", "/"))

        try:
            check()
        finally:
            runner.run(stack.aclose())


IN_THE_BROWSER: Final = ("POST", "/endpoints/views")
"""It changes a cookie, and nothing at the service."""


async def test_viewers_read_everything_and_change_nothing(running_service: Service) -> None:
    assert running_service.roles["GET", "/metrics/fleet"] is Role.VIEWER
    for (method, path), role in running_service.roles.items():
        may_view = method in {"GET", "HEAD"} or (method, path) == IN_THE_BROWSER
        assert (role is Role.VIEWER) == may_view, path


async def test_no_route_accepts_an_unknown_parameter(running_service: Service) -> None:
    for method, path in running_service.routes:
        is_json = ((b"content-type", b"application/json"),)
        answer = await running_service.ask(
            Asked(method=method, path=path, query=b"other=1", headers=(HOST, *is_json))
        )
        assert answer.status == 400, (method, path)
        assert "unknown parameter 'other'" in answer.text or method == "HEAD"


@pytest.mark.parametrize(
    ("path", "query", "words"),
    [
        ("/endpoints", b"page=" + b"9" * 5000, "at most 2048 characters"),
        ("/endpoints", b"page=" + b"9" * 2000, "page must be a whole number"),
        ("/endpoints", b"page=x", "page must be a whole number"),
        ("/endpoints", b"page=1&page=2", "given twice"),
        ("/endpoints", b"q=" + b"x" * 201, "at most 200 characters"),
        ("/endpoints", b"q=%ff", "percent-encoded UTF-8"),
        ("/reports/html", b"&".join([b"label=a%3Db"] * 5000), "at most 8192 bytes"),
        ("/reports/html", b"&".join([b"label=a%3Db"] * 33), "at most 32 labels"),
        ("/reports/html", b"weeks=" + b"1" * 1000, "weeks must be a whole number"),
        ("/probe", b"target=a&target=b", "given twice"),
    ],
)
async def test_an_invalid_query_gets_400_with_one_sentence(
    running_service: Service, path: str, query: bytes, words: str
) -> None:
    answer = await running_service.ask(Asked(path=path, query=query))
    assert (answer.status, words in answer.text) == (400, True)
    assert answer.text.count("\n") == 1
    assert len(answer.text) < 300


async def test_no_route_leads_to_a_host_that_the_client_names(running_service: Service) -> None:
    for host in (b"evil.example", b"localhost"):
        for path in ("/metrics/", "/reports/", "//evil.example/", "/reports/html/"):
            answer = await running_service.ask(Asked(path=path, headers=((b"host", host),)))
            assert answer.status == (404 if host == b"localhost" else 421)
            assert "location" not in answer.headers


CROSS_SITE: Final = (
    (HOST, (b"origin", b"http://evil.example")),
    (HOST, (b"origin", b"null")),
    (HOST, (b"sec-fetch-site", b"cross-site")),
    (HOST, (b"sec-fetch-site", b"same-site")),
    ((b"host", b"rebind.evil.example"), (b"origin", b"http://rebind.evil.example")),
)


@pytest.mark.parametrize("headers", CROSS_SITE)
async def test_no_page_of_another_site_uses_a_route_that_changes_state(
    running_service: Service, headers: tuple[tuple[bytes, bytes], ...]
) -> None:
    changing = [one for one in running_service.routes if one[0] not in {"GET", "HEAD"}]
    assert len(changing) == 10
    for method, path in [*changing, ("GET", "/probe")]:
        answer = await running_service.ask(Asked(method=method, path=path, headers=headers))
        assert answer.status in {403, 421}, (method, path)


async def test_a_link_on_another_site_may_open_a_page(running_service: Service) -> None:
    headers = (HOST, (b"sec-fetch-site", b"cross-site"), (b"sec-fetch-mode", b"navigate"))
    assert (await running_service.ask(Asked(headers=headers))).status == 200
