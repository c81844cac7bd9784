"""``/probes``: probe a host now, and follow the job; the same jobs as those of the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.pages.probe_view import ProbeView, probe_values
from service.http.guard.principal import principal_of
from service.http.guard.query import Query, route
from service.http.pages.changing.actions import PageActions
from service.http.pages.changing.forms import form_of, see_other
from service.http.pages.inventory import Inventory
from service.http.pages.renderer import PageContent, Renderer
from service.probe_endpoint.jobs import JobState, ProbeJob
from service.probe_endpoint.module_choices import RefusedError
from service.probe_endpoint.observer import RequestedProbe
from service.setting_types.roles import Role

_ACTIVE: Final = "/probes"
_SHOWN: Final = 20


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
        await self._actions.record(by, job.target)
        return see_other(f"/probes/{job.id}")

    async def one(self, request: Request, _: Query) -> Response:
        job = self._actions.jobs.get(request.path_params["id"])
        if job is None:
            return await self._renderer.answer(request, _unknown)
        view, observations = _view(job), tuple(job.observations)

        def make(found: Inventory) -> PageContent:
            values = probe_values(view, observations, found.by_target, found.now)
            return PageContent(template="probe", active=_ACTIVE, values=values)

        return await self._renderer.answer(request, make)

    async def cancel(self, request: Request, _: Query) -> Response:
        job = self._actions.jobs.get(request.path_params["id"])
        if job is None:
            return await self._renderer.answer(request, _unknown)
        self._actions.jobs.remove(job.id)
        return see_other(_ACTIVE)

    async def _form(
        self, request: Request, target: str, fault: str = "", status_code: int = 200
    ) -> Response:
        jobs: Sequence[ProbeView] = tuple(map(_view, reversed(self._actions.jobs.every[-_SHOWN:])))
        values: Mapping[str, Any] = {"target": target, "fault": fault, "jobs": jobs}
        content = PageContent(
            template="probes", active=_ACTIVE, values=values, status_code=status_code
        )
        return await self._renderer.answer(request, lambda _: content)


def _view(job: ProbeJob) -> ProbeView:
    return ProbeView(
        id=job.id,
        target=job.target,
        by=job.by,
        state=job.state.value,
        is_running=job.state is JobState.RUNNING,
        created_at=job.created_at,
        ended_at=job.ended_at,
        failure=job.failure or "",
        steps=tuple(step.text for step in job.steps),
    )


def _unknown(_: Inventory) -> PageContent:
    sentence = (
        "There is no such probe: a result is kept for one hour, and not after the service restarts."
    )
    values = {"sentence": sentence}
    return PageContent(template="not_found", active=_ACTIVE, values=values, status_code=404)
