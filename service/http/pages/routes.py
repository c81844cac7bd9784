"""All routes of the pages for people."""

from __future__ import annotations

from collections.abc import Callable

from starlette.routing import Route

from model.ports import Clock
from model.snapshot import Snapshot
from service.http.pages.assets import asset_route
from service.http.pages.changes import change_routes
from service.http.pages.changing.probes import probe_routes
from service.http.pages.changing.waivers import waiver_page_routes
from service.http.pages.endpoint import endpoint_routes
from service.http.pages.endpoint_list import endpoint_list_routes
from service.http.pages.findings import finding_routes
from service.http.pages.inventory import Inventories, Warnings
from service.http.pages.lists.certificates import certificate_route
from service.http.pages.lists.claims import claim_route
from service.http.pages.lists.post_quantum import post_quantum_route
from service.http.pages.overview import overview_route
from service.http.pages.policies import policy_routes
from service.http.pages.renderer import Renderer
from service.http.pages.reports import report_list_route
from service.http.pages.service_page import service_route
from service.http.pages.sources import PageSources


def _no_warnings(_: Snapshot) -> tuple[str, ...]:
    return ()


def page_routes(
    snapshot: Callable[[], Snapshot],
    clock: Clock,
    sources: PageSources,
    warnings: Warnings = _no_warnings,
) -> tuple[Route, ...]:
    """The pages of the Snapshot that ``snapshot`` returns; it is called in the event loop.

    ``warnings`` are sentences about the Snapshot for the overview; it is called in a thread.
    """
    renderer = Renderer(Inventories(snapshot, clock, warnings), sources.actions.may_change)
    return (
        overview_route(renderer, sources),
        *endpoint_list_routes(renderer, can_save=not sources.actions.is_read_only),
        *endpoint_routes(renderer, sources),
        *finding_routes(renderer, sources),
        *policy_routes(renderer, sources),
        certificate_route(renderer),
        post_quantum_route(renderer, sources),
        claim_route(renderer),
        *change_routes(renderer, sources),
        report_list_route(renderer),
        *waiver_page_routes(renderer, sources.actions.waivers),
        *probe_routes(renderer, sources.actions),
        service_route(renderer, sources),
        asset_route(),
    )
