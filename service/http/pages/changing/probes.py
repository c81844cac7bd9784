"""``/probes``: probe a host now, and follow the job; the same jobs as those of the API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.pages.probe_view import ProbeView, probe_values
from model.query import AuditAction
from model.records.probe_record import ProbeRecord, ProbeState
from service.http.guard.principal import principal_of
from service.http.guard.query import Query, route
from service.http.pages.changing.actions import PageActions
from service.http.pages.changing.forms import form_of, see_other
from service.http.pages.inventory import Inventory
from service.http.pages.renderer import PageContent, Renderer
from service.http.pages.sources import stored
from service.probe_endpoint.module_choices import RefusedError
from service.probe_endpoint.observer import RequestedProbe
from service.setting_types.roles import Role
from storage import StoreError

_ACTIVE: Final = "/probes"
_SHOWN: Final = 50
_UNKNOWN: Final = "There is no such probe: its result was deleted, or the probe was interrupted."


def probe_routes(renderer: Renderer, actions: PageActions) -> tuple[Route, ...]:
    """The form with the newest jobs, the page of a job, and what the forms send."""
    pages = _ProbePages(renderer, actions)
    return (
        route("/probes", pages.form, once=("target",)),
        route("/probes", pages.start, method="POST", role=Role.OPERATOR),
        route("/probes/{id}", pages.one),
        route("/probes/{id}/cancel", pages.cancel, method="POST", role=Role.OPERATOR),
    )


class _ProbePages:
    def __init__(self, renderer: Renderer, actions: PageActions) -> None:
        self._renderer = renderer
        self._actions = actions

    async def form(self, request: Request, query: Query) -> Response:
        return await self._form(request, query.get("target") or "")

    async def start(self, request: Request, _: Query) -> Response:
        target, by = (await form_of(request, "target"))["target"], principal_of(request)
        try:
            job = self._actions.jobs.start(RequestedProbe(target=target), by.name)
        except RefusedError as refused:
            return await self._form(request, target, str(refused), refused.status)
        await self._actions.record(by, AuditAction.PROBE_REQUESTED, job.target)
        return see_other(f"/probes/{job.id}")

    async def one(self, request: Request, _: Query) -> Response:
        try:
            found = await self._actions.jobs.find(request.path_params["id"])
        except StoreError as error:
            return await self._missing(request, str(error), 503)
        if found is None:
            return await self._missing(request, _UNKNOWN, 404)
        observations, view = tuple(found.observations), _view(found.record, found.not_stored)

        def make(inventory: Inventory) -> PageContent:
            values = probe_values(view, observations, inventory.by_target, inventory.now)
            return PageContent(template="probe", active=_ACTIVE, values=values)

        return await self._renderer.answer(request, make)

    async def cancel(self, request: Request, _: Query) -> Response:
        try:
            found = await self._actions.jobs.find(request.path_params["id"])
            if found is None:
                return await self._missing(request, _UNKNOWN, 404)
            await self._actions.jobs.remove(found.record.id)
        except StoreError as error:
            return await self._missing(request, str(error), 503)
        by = principal_of(request)
        await self._actions.record(by, AuditAction.PROBE_REMOVED, found.record.target)
        return see_other(_ACTIVE)

    async def _missing(self, request: Request, sentence: str, status_code: int) -> Response:
        content = PageContent(
            template="not_found",
            active=_ACTIVE,
            values={"sentence": sentence},
            status_code=status_code,
        )
        return await self._renderer.answer(request, lambda _: content)

    async def _form(
        self, request: Request, target: str, fault: str = "", status_code: int = 200
    ) -> Response:
        every, unread = await stored(self._actions.jobs.every())
        views = tuple(_view(record) for record in every[:_SHOWN])
        values: Mapping[str, Any] = {
            "target": target,
            "fault": fault,
            "unread": unread,
            "probes": views,
            "total": len(every),
        }
        content = PageContent(
            template="probes", active=_ACTIVE, values=values, status_code=status_code
        )
        return await self._renderer.answer(request, lambda _: content)


def _view(record: ProbeRecord, not_stored: str | None = None) -> ProbeView:
    return ProbeView(
        id=record.id,
        target=record.target,
        by=record.by,
        state=record.state.value,
        is_running=record.state is ProbeState.RUNNING,
        created_at=record.created_at,
        ended_at=record.ended_at,
        failure=record.failure or "",
        not_stored=not_stored or "",
        steps=tuple(step.text for step in record.steps),
    )
