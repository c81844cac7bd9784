"""``/waivers``: waive a finding until a given day, extend the waiver, and end it; the owner is who did it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.pages.findings.waivers import LONGEST_REASON, OpenFinding, WaiverLine, waive_values
from model.encoding.finding_json import waiver_to_json
from model.findings.finding import FindingStatus, Waiver
from policy.files.document import end_of
from service.http.api.frame import etag_of
from service.http.guard.principal import Principal, principal_of
from service.http.guard.query import Query, route
from service.http.pages.changing.forms import form_of, see_other
from service.http.pages.inventory import ENDPOINT_PARAMETERS
from service.http.pages.renderer import PageContent, Renderer
from service.http.waivers import RefusedError, WaiverDesk, changed, owner_of
from service.setting_types.roles import Role
from storage import StoreError

_ACTIVE: Final = "/findings"
_FINDING: Final = (*ENDPOINT_PARAMETERS, "policy", "rule")
_SHOWN: Final = 20
_CHANGED_MEANWHILE: Final = (
    "another user has changed this waiver meanwhile: look at it again, and repeat the change"
)


def waiver_page_routes(renderer: Renderer, desk: WaiverDesk) -> tuple[Route, ...]:
    """The list, the form for a finding, the form for a waiver, and what the forms send."""
    pages = _WaiverPages(renderer, desk)
    operator = Role.OPERATOR
    return (
        route("/waivers", pages.every),
        route("/waive", pages.new, once=_FINDING),
        route("/waive", pages.add, method="POST", role=operator),
        route("/waivers/{name}", pages.one),
        route("/waivers/{name}", pages.change, method="POST", role=operator),
        route("/waivers/{name}/end", pages.end, method="POST", role=operator),
    )


class _WaiverPages:
    def __init__(self, renderer: Renderer, desk: WaiverDesk) -> None:
        self._renderer = renderer
        self._desk = desk

    async def every(self, request: Request, _: Query) -> Response:
        lines = tuple(map(self._line, self._desk.evaluator.waivers))
        return await self._page(request, "waivers", {"waivers": lines})

    async def new(self, request: Request, query: Query) -> Response:
        found = await self._finding({name: query.get(name) or "" for name in _FINDING})
        if found is None:
            return await self._unknown(request, "There is no such open finding now.")
        return await self._form(request, found, {})

    async def add(self, request: Request, _: Query) -> Response:
        given = await form_of(request, *_FINDING, "scope", "reason", "expires")
        found = await self._finding(given)
        if found is None:
            return await self._unknown(request, "There is no such open finding now.")
        try:
            waiver = _new_waiver(found, given, principal_of(request))
            await self._desk.put(
                waiver, principal_of(request), lambda before: self._check_open(found, before)
            )
        except RefusedError as refused:
            return await self._form(request, found, given, str(refused), refused.status)
        except StoreError as error:
            return await self._form(request, found, given, str(error), 503)
        self._renderer.expire()
        return see_other(f"/waivers#{waiver.name}")

    async def one(self, request: Request, _: Query) -> Response:
        waiver = self._desk.known(request.path_params["name"])
        if waiver is None:
            return await self._unknown(request, "There is no such waiver: it has been ended.")
        return await self._waiver_form(request, waiver, {})

    async def change(self, request: Request, _: Query) -> Response:
        given = await form_of(request, "reason", "expires", "seen")
        before, by = self._desk.known(request.path_params["name"]), principal_of(request)
        if before is None:
            return await self._unknown(request, "There is no such waiver: it has been ended.")
        try:
            after = changed(before, by, expires=_last_day(given), reason=_reason(given))
            await self._desk.put(after, by, lambda now: _check_seen(given["seen"], now))
        except RefusedError as refused:
            return await self._waiver_form(request, before, given, str(refused), refused.status)
        except StoreError as error:
            return await self._waiver_form(request, before, given, str(error), 503)
        self._renderer.expire()
        return see_other(f"/waivers#{after.name}")

    async def end(self, request: Request, _: Query) -> Response:
        name, given = request.path_params["name"], await form_of(request, "seen")
        waiver = self._desk.known(name)
        if waiver is None:
            return await self._unknown(request, "There is no such waiver: it has been ended.")
        try:
            await self._desk.remove(
                name, principal_of(request), lambda now: _check_seen(given["seen"], now)
            )
        except RefusedError as refused:
            return await self._waiver_form(request, waiver, {}, str(refused), refused.status)
        except StoreError as error:
            return await self._waiver_form(request, waiver, {}, str(error), 503)
        self._renderer.expire()
        return see_other("/waivers")

    async def _finding(self, given: Mapping[str, str]) -> OpenFinding | None:
        """The finding of one endpoint, open or waived, that the URL or the form names."""
        row, _ = await self._renderer.endpoint(given.get)
        if row is None:
            return None
        return next(
            (
                OpenFinding(row=row, finding=finding)
                for finding in row.status.findings
                if finding.result.identity == (given["policy"], given["rule"])
                and finding.status is not FindingStatus.RESOLVED
            ),
            None,
        )

    def _check_open(self, found: OpenFinding, before: Waiver | None) -> None:
        """Raises RefusedError if the finding is waived by now; one waiver is changed at a time."""
        target = found.row.status.observation.endpoint.target
        bare = replace(found.finding, status=FindingStatus.OPEN, waiver=None)
        now = self._desk.now()
        (shown,) = self._desk.evaluator.with_waivers((bare,), target, now)
        by = shown.waiver if shown.status is FindingStatus.WAIVED else before
        if by is not None and by.expires_at > now:
            raise RefusedError(
                409,
                f"this finding is waived already, until {by.last_day} by {by.owner}: "
                f"extend the waiver {by.name} instead",
            )

    def _line(self, waiver: Waiver) -> WaiverLine:
        return WaiverLine(
            waiver=waiver,
            is_of_file=waiver.name in self._desk.of_files,
            is_over=waiver.expires_at <= self._desk.now(),
        )

    async def _form(
        self,
        request: Request,
        found: OpenFinding,
        given: Mapping[str, str],
        fault: str = "",
        status_code: int = 200,
    ) -> Response:
        values = waive_values(found, given, self._desk.now().date(), fault)
        return await self._page(request, "waive", values, status_code)

    async def _waiver_form(
        self,
        request: Request,
        waiver: Waiver,
        given: Mapping[str, str],
        fault: str = "",
        status_code: int = 200,
    ) -> Response:
        now = self._desk.known(waiver.name) or waiver
        values = {
            "line": self._line(now),
            "seen": _seen(now),
            "reason": given.get("reason") or now.reason,
            "expires": given.get("expires") or now.last_day.isoformat(),
            "longest_reason": LONGEST_REASON,
            "today": self._desk.now().date(),
            "fault": fault,
        }
        return await self._page(request, "waiver", values, status_code)

    async def _unknown(self, request: Request, sentence: str) -> Response:
        return await self._page(request, "not_found", {"sentence": sentence}, 404)

    async def _page(
        self, request: Request, template: str, values: Mapping[str, Any], status_code: int = 200
    ) -> Response:
        content = PageContent(
            template=template, active=_ACTIVE, values=values, status_code=status_code
        )
        return await self._renderer.answer(request, lambda _: content)


def _new_waiver(found: OpenFinding, given: Mapping[str, str], by: Principal) -> Waiver:
    """The waiver that the form describes; raises RefusedError."""
    result, key = found.finding.result, found.finding.endpoint_key
    return Waiver(
        name=f"{result.rule[:60]}-{found.finding.fingerprint[:12]}",
        rule=result.rule,
        policy=result.policy,
        target=key if given["scope"] == "address" else found.row.target,
        reason=_reason(given),
        owner=owner_of(by),
        expires_at=end_of(_last_day(given)),
    )


def _reason(given: Mapping[str, str]) -> str:
    reason = given["reason"]
    if not 0 < len(reason) <= LONGEST_REASON:
        raise RefusedError(
            400, f"a waiver needs a reason of at most {LONGEST_REASON} characters: write why"
        )
    return reason


def _last_day(given: Mapping[str, str]) -> date:
    text = given["expires"]
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise RefusedError(
            400, f"the last day must be a date such as 2027-03-31, not {text[:_SHOWN]!r}"
        ) from error


def _seen(waiver: Waiver) -> str:
    """Identifies the state of the waiver that a form shows."""
    return etag_of(waiver_to_json(waiver)).strip('"')


def _check_seen(seen: str, now: Waiver | None) -> None:
    if now is not None and _seen(now) != seen:
        raise RefusedError(409, _CHANGED_MEANWHILE)
