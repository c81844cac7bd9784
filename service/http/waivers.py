"""``/api/waivers``: the waivers in force, and those that are added and removed while the service runs.

Bodies must be JSON and declare it; ``service.http.guard`` limits their size and decides who may send them. A
waiver of a policy file is listed, but can only be changed in the file.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from model.encoding.finding_json import waiver_to_json
from model.findings.finding import Waiver
from model.ports import Archive
from model.query import AuditAction, AuditEntry
from model.snapshot import EndpointStatus
from policy.files.document import Name, WaiverBody
from policy.files.errors import first_problem, unknown_key
from policy.files.load import waiver_fault
from service.http.audit import audit_entry
from service.http.guard.principal import principal_of
from service.http.guard.query import Query, route
from service.http.text_answers import json_answer
from service.judging.policy_evaluator import PolicyEvaluator
from service.judging.waiver_warnings import waiver_warning
from service.setting_types.roles import Role
from storage import StoreError

_PATH: Final = "/api/waivers"
_MOST_WAIVERS: Final = 1000
_MOST_LABELS: Final = 32
_SHOWN: Final = 100

_LabelText = Annotated[str, Field(max_length=200)]


class NamedWaiver(WaiverBody):
    """The body of a POST: a waiver in the format of policy files, with its name."""

    name: Name
    labels: dict[_LabelText, _LabelText] = Field(default={}, max_length=_MOST_LABELS)


class _RefusedError(Exception):
    """The request fails; ``status`` is the HTTP status, the message one sentence that says how to fix it."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def waiver_routes(
    desk: PolicyEvaluator,
    archive: Archive,
    now: Callable[[], datetime],
    statuses: Callable[[], Sequence[EndpointStatus]],
) -> tuple[Route, ...]:
    """The routes. A new waiver is first stored in ``archive``, and then takes effect at once.

    ``statuses`` are those of the inventory: they show whether a waiver matches any finding.
    """
    api = _WaiverApi(desk, archive, now, statuses)
    return (
        route(_PATH, api.every),
        route(_PATH, api.put, method="POST", role=Role.OPERATOR),
        route(f"{_PATH}/{{name}}", api.remove, method="DELETE", role=Role.OPERATOR),
    )


class _WaiverApi:
    """Handles the routes; only one waiver is added at a time."""

    def __init__(
        self,
        desk: PolicyEvaluator,
        archive: Archive,
        now: Callable[[], datetime],
        statuses: Callable[[], Sequence[EndpointStatus]],
    ) -> None:
        self._desk = desk
        self._archive = archive
        self._now = now
        self._statuses = statuses
        self._one_at_a_time = asyncio.Lock()

    async def every(self, _: Request, __: Query) -> Response:
        of_files = _of_files(self._desk)
        statuses = self._statuses()
        said = [
            {**self._shown(one, statuses), "from": "file" if one.name in of_files else "api"}
            for one in self._desk.waivers
        ]
        return json_answer({"waivers": said})

    async def put(self, request: Request, _: Query) -> Response:
        async with self._one_at_a_time:
            try:
                waiver = await _posted(request, self._desk, self._now())
                await self._archive.put_waiver(waiver, self._entry(request, waiver.name, waiver))
            except _RefusedError as refused:
                return _error(refused.status, str(refused))
            except StoreError as error:
                return _error(503, str(error))
            is_new = waiver.name not in self._desk.kept
            self._desk.kept[waiver.name] = waiver
        shown = self._shown(waiver, self._statuses())
        return json_answer(shown, status_code=201 if is_new else 200)

    def _entry(self, request: Request, name: str, after: Waiver | None) -> AuditEntry:
        """The entry of the audit log for the waiver ``name``, which becomes ``after``."""
        before = self._desk.kept.get(name)
        return audit_entry(
            principal_of(request),
            self._now(),
            AuditAction.WAIVER_REMOVED if after is None else AuditAction.WAIVER_SET,
            name,
            before=None if before is None else waiver_to_json(before),
            after=None if after is None else waiver_to_json(after),
        )

    def _shown(self, waiver: Waiver, statuses: Sequence[EndpointStatus]) -> dict[str, Any]:
        """The waiver, with a warning if it matches no finding now."""
        warning = waiver_warning(waiver, self._desk.targets, statuses)
        return waiver_to_json(waiver) | ({} if warning is None else {"warning": warning})

    async def remove(self, request: Request, _: Query) -> Response:
        name = request.path_params["name"][:_SHOWN]
        if name in _of_files(self._desk):
            return _error(409, f"the waiver {name!r} is in a policy file: remove it there")
        try:
            was_there = await self._archive.remove_waiver(name, self._entry(request, name, None))
        except StoreError as error:
            return _error(503, str(error))
        self._desk.kept.pop(name, None)
        if not was_there:
            return _error(404, f"unknown waiver {name!r}: GET {_PATH} lists all waivers")
        return Response(status_code=204)


def _of_files(desk: PolicyEvaluator) -> set[str]:
    return {waiver.name for waiver in desk.book.waivers}


async def _posted(request: Request, desk: PolicyEvaluator, at: datetime) -> Waiver:
    fields = await _json_of(request)
    try:
        body = NamedWaiver.model_validate(fields)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        if problem["type"] == "extra_forbidden":
            name = str(problem["loc"][-1])[:_SHOWN]
            raise _RefusedError(400, unknown_key(name, NamedWaiver)) from error
        keys, words = first_problem(error)
        raise _RefusedError(400, f"{'.'.join(map(str, keys)) or 'the waiver'} {words}") from error
    if body.name not in desk.kept and len(desk.kept) >= _MOST_WAIVERS:
        raise _RefusedError(
            409, f"there are {_MOST_WAIVERS} waivers already: remove one, or use policy files"
        )
    if body.name in _of_files(desk):
        raise _RefusedError(409, f"the waiver {body.name!r} is in a policy file: change it there")
    waiver = body.waiver(body.name)
    fault = waiver_fault(waiver, desk.book.policies, at)
    if fault is not None:
        raise _RefusedError(400, ": ".join(fault))
    if waiver.expires_at <= at:
        raise _RefusedError(400, f"expires: {body.expires} is in the past: use a future date")
    return waiver


async def _json_of(request: Request) -> Any:
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/json":
        raise _RefusedError(
            415, "the body must be JSON: send it with Content-Type: application/json"
        )
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise _RefusedError(400, "the body is not valid JSON: fix it") from error


def _error(status: int, sentence: str) -> Response:
    return json_answer({"error": sentence}, status_code=status)
