"""The route ``/probe``, for Prometheus' multi-target pattern."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.prometheus import OPENMETRICS_END
from exporters.prometheus.other_exporters.samples import without_comments
from service.http.guard.query import Query, route
from service.http.scrape_format import content_type, wants_openmetrics
from service.http.text_answers import text_answer
from service.probe_endpoint.module_choices import RefusedError
from service.probe_endpoint.prober import OnDemandProber

_TIMEOUT_HEADER: Final = "X-Prometheus-Scrape-Timeout-Seconds"


def probe_route(prober: OnDemandProber) -> Route:
    """The route that calls ``prober``."""

    async def probe(request: Request, asked: Query) -> Response:
        is_open = wants_openmetrics(request)
        try:
            page = await prober.page(
                asked.get("target"),
                module_name=asked.get("module"),
                server_name=asked.get("hostname"),
                scrape_timeout=request.headers.get(_TIMEOUT_HEADER),
            )
        except RefusedError as refused:
            return text_answer(refused, status_code=refused.status)
        if is_open:
            page = without_comments(page) + OPENMETRICS_END
        return Response(page, headers={"content-type": content_type(is_openmetrics=is_open)})

    return route("/probe", probe, once=("target", "module", "hostname"))
