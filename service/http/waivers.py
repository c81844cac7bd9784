"""``/api/waivers``: the waivers in force, and those that are added and removed while the service runs.

Bodies must be JSON and declare it; ``service.http.guard`` limits their size and decides who may send them. A
waiver of a policy file is listed, but can only be changed in the file.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Final

from pydantic import Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.pages.findings.history import Waiving
from model.encoding.finding_json import waiver_from_json, waiver_to_json
from model.findings.finding import Finding, Waiver
from model.findings.finding_life import is_for
from model.findings.waiver_scope import with_target_keys
from model.ports import Archive
from model.query import AuditAction, AuditEntry
from model.snapshot import EndpointStatus
from model.target import Target
from policy.files.document import Name, WaiverBody, end_of
from policy.files.errors import first_problem, unknown_key
from policy.files.load import waiver_fault
from service.http.audit import audit_entry
from service.http.guard.principal import Principal, principal_of
from service.http.guard.query import Query, route
from service.http.text_answers import json_answer
from service.judging.policy_evaluator import PolicyEvaluator
from service.judging.waiver_warnings import waiver_warning
from service.setting_types.roles import Role
from storage import StoreError

_PATH: Final = "/api/waivers"
_MOST_WAIVERS: Final = 1000
MOST_LABELS: Final = 32
_SHOWN: Final = 100
_LONGEST_OWNER: Final = 1000

LabelText = Annotated[str, Field(max_length=200)]


class NamedWaiver(WaiverBody):
    """The body of a POST: a waiver in the format of policy files, with its name."""

    name: Name
    labels: dict[LabelText, LabelText] = Field(default={}, max_length=MOST_LABELS)


class RefusedError(Exception):
    """The request fails; ``status`` is the HTTP status, the message one sentence that says how to fix it."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


def owner_of(by: Principal) -> str:
    """The owner of the waivers that ``by`` adds or changes."""
    return by.name[:_LONGEST_OWNER]


def changed(before: Waiver, by: Principal, *, expires: date | None, reason: str | None) -> Waiver:
    """The waiver with another last day, another reason, or both; ``by`` becomes its owner."""
    return replace(
        before,
        owner=owner_of(by),
        reason=before.reason if reason is None else reason,
        expires_at=before.expires_at if expires is None else end_of(expires),
    )


def _any(_: Waiver | None) -> None:
    """Accepts any state before a change."""


class WaiverDesk:
    """Adds and removes waivers, one at a time: each is first stored in ``archive``, and then takes effect at once."""

    def __init__(
        self, evaluator: PolicyEvaluator, archive: Archive, now: Callable[[], datetime]
    ) -> None:
        self.evaluator = evaluator
        self.now = now
        self._archive = archive
        self._one_at_a_time = asyncio.Lock()

    @property
    def of_files(self) -> set[str]:
        """The names of the waivers of policy files, which can only be changed there."""
        return {waiver.name for waiver in self.evaluator.book.waivers}

    def known(self, name: str) -> Waiver | None:
        """The waiver with this name, also one of a policy file."""
        return next((one for one in self.evaluator.waivers if one.name == name), None)

    async def put(
        self, waiver: Waiver, by: Principal, check: Callable[[Waiver | None], None] = _any
    ) -> bool:
        """Add or replace a waiver, and return whether it is new.

        ``check`` gets the waiver of this name before, and may raise to leave it.

        Raises:
            RefusedError: if the waiver is invalid, or may not be changed.
            StoreError: if it cannot be stored.
        """
        async with self._one_at_a_time:
            before = self.evaluator.kept.get(waiver.name)
            check(before)
            self._check(waiver)
            await self._archive.put_waiver(waiver, self._entry(by, waiver.name, waiver))
            self.evaluator.kept[waiver.name] = waiver
        return before is None

    async def remove(
        self, name: str, by: Principal, check: Callable[[Waiver | None], None] = _any
    ) -> bool:
        """Remove a waiver, and return whether it existed; ``check`` is as in ``put``.

        Raises:
            RefusedError: if it is in a policy file.
            StoreError: if it cannot be removed.
        """
        async with self._one_at_a_time:
            if name in self.of_files:
                raise RefusedError(409, f"the waiver {name!r} is in a policy file: remove it there")
            check(self.evaluator.kept.get(name))
            was_there = await self._archive.remove_waiver(name, self._entry(by, name, None))
            self.evaluator.kept.pop(name, None)
        return was_there

    def waivings_of(
        self, finding: Finding, target: Target, log: Iterable[AuditEntry]
    ) -> list[Waiving]:
        """What the entries of the audit log did to waivers that cover the finding at ``target``."""
        return [
            waiving
            for entry in log
            if (waiving := _waiving(entry)) is not None
            for waiver in with_target_keys((waiving.waiver,), self.evaluator.targets)
            if is_for(waiver, finding, target)
        ]

    def _check(self, waiver: Waiver) -> None:
        kept, at = self.evaluator.kept, self.now()
        if waiver.name not in kept and len(kept) >= _MOST_WAIVERS:
            raise RefusedError(
                409, f"there are {_MOST_WAIVERS} waivers already: remove one, or use policy files"
            )
        if waiver.name in self.of_files:
            raise RefusedError(
                409, f"the waiver {waiver.name!r} is in a policy file: change it there"
            )
        fault = waiver_fault(waiver, self.evaluator.book.policies, at)
        if fault is not None:
            raise RefusedError(400, ": ".join(fault))
        if waiver.expires_at <= at:
            last = (waiver.expires_at - timedelta(days=1)).date()
            raise RefusedError(400, f"expires: {last} is in the past: use a future date")

    def _entry(self, by: Principal, name: str, after: Waiver | None) -> AuditEntry:
        """The entry of the audit log for the waiver ``name``, which becomes ``after``."""
        before = self.evaluator.kept.get(name)
        return audit_entry(
            by,
            self.now(),
            AuditAction.WAIVER_REMOVED if after is None else AuditAction.WAIVER_SET,
            name,
            before=None if before is None else waiver_to_json(before),
            after=None if after is None else waiver_to_json(after),
        )


def _waiving(entry: AuditEntry) -> Waiving | None:
    """The entry as a change of a waiver; None if it is about something else, or as another version wrote it."""
    is_removal = entry.action == AuditAction.WAIVER_REMOVED
    fields = entry.before if is_removal else entry.after
    if fields is None or not (is_removal or entry.action == AuditAction.WAIVER_SET):
        return None
    try:
        waiver = waiver_from_json(dict(fields))
    except (KeyError, ValueError, TypeError):
        return None
    return Waiving(at=entry.at, actor=entry.actor, waiver=waiver, is_removal=is_removal)


def waiver_routes(
    desk: WaiverDesk, statuses: Callable[[], Sequence[EndpointStatus]]
) -> tuple[Route, ...]:
    """The routes; ``statuses`` are those of the inventory: they show whether a waiver matches any finding."""
    api = _WaiverApi(desk, statuses)
    return (
        route(_PATH, api.every),
        route(_PATH, api.put, method="POST", role=Role.OPERATOR),
        route(f"{_PATH}/{{name}}", api.remove, method="DELETE", role=Role.OPERATOR),
    )


class _WaiverApi:
    """Handles the routes."""

    def __init__(self, desk: WaiverDesk, statuses: Callable[[], Sequence[EndpointStatus]]) -> None:
        self._desk = desk
        self._statuses = statuses

    async def every(self, _: Request, __: Query) -> Response:
        of_files, statuses = self._desk.of_files, self._statuses()
        said = [
            {**self._shown(one, statuses), "from": "file" if one.name in of_files else "api"}
            for one in self._desk.evaluator.waivers
        ]
        return json_answer({"waivers": said})

    async def put(self, request: Request, _: Query) -> Response:
        try:
            waiver = await _posted(request)
            is_new = await self._desk.put(waiver, principal_of(request))
        except RefusedError as refused:
            return _error(refused.status, str(refused))
        except StoreError as error:
            return _error(503, str(error))
        shown = self._shown(waiver, self._statuses())
        return json_answer(shown, status_code=201 if is_new else 200)

    def _shown(self, waiver: Waiver, statuses: Sequence[EndpointStatus]) -> dict[str, Any]:
        """The waiver, with a warning if it matches no finding now."""
        warning = waiver_warning(waiver, self._desk.evaluator.targets, statuses)
        return waiver_to_json(waiver) | ({} if warning is None else {"warning": warning})

    async def remove(self, request: Request, _: Query) -> Response:
        name = request.path_params["name"][:_SHOWN]
        try:
            was_there = await self._desk.remove(name, principal_of(request))
        except RefusedError as refused:
            return _error(refused.status, str(refused))
        except StoreError as error:
            return _error(503, str(error))
        if not was_there:
            return _error(404, f"unknown waiver {name!r}: GET {_PATH} lists all waivers")
        return Response(status_code=204)


async def _posted(request: Request) -> Waiver:
    fields = await _json_of(request)
    try:
        body = NamedWaiver.model_validate(fields)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        if problem["type"] == "extra_forbidden":
            name = str(problem["loc"][-1])[:_SHOWN]
            raise RefusedError(400, unknown_key(name, NamedWaiver)) from error
        keys, words = first_problem(error)
        raise RefusedError(400, f"{'.'.join(map(str, keys)) or 'the waiver'} {words}") from error
    return body.waiver(body.name)


async def _json_of(request: Request) -> Any:
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "application/json":
        raise RefusedError(
            415, "the body must be JSON: send it with Content-Type: application/json"
        )
    try:
        return json.loads(await request.body())
    except (ValueError, RecursionError) as error:
        raise RefusedError(400, "the body is not valid JSON: fix it") from error


def _error(status: int, sentence: str) -> Response:
    return json_answer({"error": sentence}, status_code=status)
