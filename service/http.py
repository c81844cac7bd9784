"""The HTTP side: metrics, health, and whatever other parts of the service answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from service.inventory_page import InventoryPage, NoSnapshotError


def make_app(
    *,
    service_registry: CollectorRegistry,
    is_ready: Callable[[], bool],
    status: Callable[[], Mapping[str, Any]],
    reload: Callable[[], Awaitable[str | None]],
    enumerate_soon: Callable[[str | None], bool],
    more: Sequence[Route] = (),
) -> Starlette:
    """The application.

    Args:
        service_registry: what ``/metrics`` shows.
        is_ready: what ``/-/ready`` answers by.
        status: what ``/-/status`` shows, as JSON values.
        reload: reads the configuration anew; gives the reason where it cannot be used.
        enumerate_soon: asks everything of a target, or of all; says whether there is any such.
        more: what other parts of the service answer.
    """

    async def service_metrics(request: Request) -> Response:
        # Its gauges ask parts of the service that live in the event loop, and it is short.
        encode, content_type = _encoder(request)
        return Response(encode(service_registry), headers={"content-type": content_type})

    async def healthy(_: Request) -> Response:
        return PlainTextResponse("healthy\n")

    async def ready(_: Request) -> Response:
        if is_ready():
            return PlainTextResponse("ready\n")
        return PlainTextResponse("not ready\n", status_code=503)

    async def running_status(_: Request) -> Response:
        return JSONResponse(status())

    async def read_again(_: Request) -> Response:
        reason = await reload()
        if reason is None:
            return PlainTextResponse("reloaded\n")
        return PlainTextResponse(f"{reason}\n", status_code=400)

    async def ask_all_again(request: Request) -> Response:
        wanted = request.query_params.get("target")
        if enumerate_soon(wanted):
            return PlainTextResponse("soon\n", status_code=202)
        reason = f"no target is called {wanted!r}: give one as metrics name it, such as a.test:443"
        return PlainTextResponse(
            f"{reason if wanted else 'there is no target yet'}\n", status_code=404
        )

    return Starlette(
        routes=[
            Route("/metrics", service_metrics),
            Route("/-/healthy", healthy),
            Route("/-/ready", ready),
            Route("/-/status", running_status),
            Route("/-/reload", read_again, methods=["POST"]),
            Route("/-/enumerate", ask_all_again, methods=["POST"]),
            *more,
        ],
        middleware=[Middleware(GZipMiddleware)],
    )


def inventory_route(inventory_page: InventoryPage) -> Route:
    """What ``/metrics/endpoints`` shows."""

    async def endpoint_metrics(request: Request) -> Response:
        _, content_type = _encoder(request)
        headers = {"content-type": content_type, "vary": "Accept, Accept-Encoding"}
        is_openmetrics = content_type.startswith("application/openmetrics-text")
        try:
            if "gzip" in request.headers.get("accept-encoding", ""):
                headers["content-encoding"] = "gzip"
                body = await inventory_page.compressed(is_openmetrics=is_openmetrics)
            else:
                body = await inventory_page.plain(is_openmetrics=is_openmetrics)
        except NoSnapshotError as error:
            return PlainTextResponse(f"{error}\n", status_code=503)
        return Response(body, headers=headers)

    return Route("/metrics/endpoints", endpoint_metrics)


def _encoder(request: Request) -> tuple[Callable[[CollectorRegistry], bytes], str]:
    """What writes a registry in the format that the scraper asks for, and that format's name."""
    return choose_encoder(request.headers.get("accept", ""))
