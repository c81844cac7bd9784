"""The route ``/probe``, as Prometheus' multi-target pattern asks it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from prometheus_client.exposition import choose_encoder
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from exporters.prometheus import OPENMETRICS_END
from service.on_demand.module_choices import RefusedError
from service.on_demand.prober import OnDemandProber

_TIMEOUT_HEADER: Final = "X-Prometheus-Scrape-Timeout-Seconds"


def probe_route(prober: Callable[[], OnDemandProber]) -> Route:
    """The route; ``prober`` gives the one in force, which a reload may change."""

    async def probe(request: Request) -> Response:
        asked = request.query_params
        _, content_type = choose_encoder(request.headers.get("accept", ""))
        try:
            page = await prober().page(
                asked.get("target"),
                module_name=asked.get("module"),
                server_name=asked.get("hostname"),
                scrape_timeout=request.headers.get(_TIMEOUT_HEADER),
            )
        except RefusedError as refused:
            return PlainTextResponse(f"{refused}\n", status_code=refused.status)
        if content_type.startswith("application/openmetrics-text"):
            page += OPENMETRICS_END
        return Response(page, headers={"content-type": content_type})

    return Route("/probe", probe)
