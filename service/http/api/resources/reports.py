"""Reports on the endpoints, as of now or of an earlier time, in every format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, WithJsonSchema

from exporters.reports import REPORTS, ReportFormat, report_format
from service.http.api import service_answers
from service.http.api.cursors import Place, place_of
from service.http.api.operation import ApiError, Call, Json, Operation, Reply
from service.http.api.parameters import (
    Label,
    ListParameters,
    Moment,
    Parameters,
    labels_of,
    whole_number,
)
from service.http.api.view import counted_page
from service.http.guard.callers import caller_of_request
from service.http.guard.turns import BusyError
from service.http.reports import (
    MOST_WEEKS,
    ReportOptions,
    WrittenReports,
    report_headers,
    usual_weeks,
)

_Weeks = Annotated[
    int,
    Field(ge=0, le=MOST_WEEKS),
    BeforeValidator(whole_number),
    WithJsonSchema({"type": "integer", "minimum": 0, "maximum": MOST_WEEKS}),
]


class ReportParameters(Parameters):
    """What a report is about."""

    label: tuple[Label, ...] = Field(
        (), max_length=32, description="only endpoints with the label `NAME=VALUE`"
    )
    at: Moment | None = Field(
        None, description="the facts, findings and compliance of this time. Default: those of now"
    )
    weeks: _Weeks | None = Field(
        None,
        description="weeks of the past to show compliance of. Default: 0, and 12 for `executive`",
    )


class ReportApi:
    """The handlers."""

    def __init__(self, written: WrittenReports, now: Callable[[], datetime]) -> None:
        self._written = written
        self._now = now

    async def every(self, call: Call[ListParameters, None]) -> Reply:
        """A page of the formats."""
        shown = (service_answers.ReportFormat, _format_json)
        return Reply(
            value=await counted_page(
                lambda: sorted(REPORTS, key=_name_place), _name_place, "name", call.query, shown
            )
        )

    async def one(self, call: Call[ReportParameters, None]) -> Reply:
        """A report."""
        form, query = _known(call), call.query
        if query.at is not None and query.at > self._now():
            raise ApiError(400, "at must not be in the future: leave it out for the facts of now")
        options = ReportOptions(
            labels=labels_of(query.label),
            weeks=usual_weeks(form.name) if query.weeks is None else query.weeks,
            at=query.at,
        )
        try:
            body, at = await self._written.get(caller_of_request(call.request), form, options)
        except BusyError as error:
            raise ApiError(429, str(error), headers={"retry-after": "10"}) from error
        return Reply(document=body, headers=report_headers(form, at))


def _known(call: Call[Any, Any]) -> ReportFormat:
    name = call.path("format")
    try:
        return report_format(name)
    except KeyError as error:
        names = ", ".join(one.name for one in REPORTS)
        raise ApiError(404, f"unknown format {name!r}: use one of {names}") from error


def _name_place(form: ReportFormat) -> Place:
    return place_of(form.name, form.name)


def _format_json(form: ReportFormat) -> Json:
    return {"name": form.name, "media_type": form.media_type, "description": form.says}


OPERATIONS: Final[Sequence[Operation]] = (
    Operation(
        name="list_report_formats",
        tag="reports",
        summary="The formats of reports.",
        path="/reports",
        handle=ReportApi.every,
        query=ListParameters,
        answer=service_answers.ReportFormats,
    ),
    Operation(
        name="get_report",
        tag="reports",
        summary="A report on the stored facts, as of now or of an earlier time.",
        path="/reports/{format}",
        handle=ReportApi.one,
        query=ReportParameters,
        answer=None,
        media_types=tuple(dict.fromkeys(one.media_type.partition(";")[0] for one in REPORTS)),
    ),
)
"""The operations of this module."""
