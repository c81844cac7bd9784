"""The reports over HTTP: ``/reports/html`` and the other formats; the page ``/reports`` links to them.

``?label=team=web`` selects endpoints with that label, ``?weeks=12`` includes the compliance of past weeks.
One report is made at a time, outside the event loop, because it may be long. Repeating a request soon returns
the same report.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Mapping
from dataclasses import replace
from datetime import datetime
from time import monotonic
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.reports import REPORTS, Report, ReportFormat, report_format
from model.frozen import frozen
from service.http.guard.bodies import Body, body_of, busy, respond
from service.http.guard.callers import caller_of_request
from service.http.guard.query import Query, route, whole_number
from service.http.guard.turns import BusyError, Turns
from service.http.text_answers import text_answer
from service.judging.ci_gate import parse_labels
from service.process.limits import rest_after
from storage import StoreError

MOST_WEEKS: Final = 260
_EXECUTIVE_WEEKS: Final = 12
_MOST_LABELS: Final = 32
_SHOWN: Final = 60
_NO_SCRIPT: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_ENDINGS: Final = {
    "text/html": "html",
    "text/markdown": "md",
    "text/csv": "csv",
    "application/xml": "xml",
    "application/sarif+json": "sarif",
    "application/vnd.cyclonedx+json": "cdx.json",
}
"""The file name's ending by media type; all others are JSON."""


@frozen
class ReportOptions:
    """The endpoints with these ``labels``, with that many ``weeks`` of history, as of ``at`` or now.

    ``with_cryptography`` is whether the format needs the cryptography of each endpoint.
    """

    labels: Mapping[str, str]
    weeks: int
    at: datetime | None = None
    with_cryptography: bool = False

    @property
    def key(self) -> tuple[tuple[tuple[str, str], ...], int, datetime | None]:
        """The same for equal options, and hashable."""
        return tuple(sorted(self.labels.items())), self.weeks, self.at


Make = Callable[[ReportOptions], Awaitable[Report]]
"""Makes a Report; may raise StoreError."""


def report_routes(written: WrittenReports) -> list[Route]:
    """The route of all formats."""

    async def give(request: Request, query: Query) -> Response:
        name = request.path_params["format"]
        try:
            wanted = report_format(name)
            labels = parse_labels(query.every("label"))
        except KeyError:
            names = ", ".join(one.name for one in REPORTS)
            return _text(f"unknown report {name[:_SHOWN]!r}: use one of {names}", 404)
        except ValueError as error:
            return _text(str(error), 400)
        if len(query.every("label")) > _MOST_LABELS:
            return _text(f"a report can have at most {_MOST_LABELS} labels: remove some", 400)
        text = query.get("weeks")
        weeks = usual_weeks(name) if text is None else whole_number(text, "weeks", MOST_WEEKS)
        try:
            options = ReportOptions(labels=labels, weeks=weeks)
            body, at = await written.get(caller_of_request(request), wanted, options)
        except StoreError as error:
            return _text(str(error), 503)
        except BusyError as error:
            return busy(error)
        return respond(request, body, report_headers(wanted, at))

    return [route("/reports/{format}", give, once=("weeks",), many=("label",))]


def report_headers(form: ReportFormat, at: datetime) -> dict[str, str]:
    """The headers of a report that was made at this time; a browser runs none of its scripts."""
    ending = _ENDINGS.get(form.media_type.partition(";")[0], "json")
    name = f"tlsprobe-{form.name}-{at:%Y%m%dT%H%M%SZ}.{ending}"
    return {
        "content-type": form.media_type,
        "content-disposition": f'inline; filename="{name}"',
        "content-security-policy": _NO_SCRIPT,
        "cache-control": "no-store",
    }


class WrittenReports:
    """The last rendered reports; each is used until it is nineteen times as old as it took to make."""

    def __init__(self, make: Make) -> None:
        self._make = make
        self._turns = Turns()
        self._reports: dict[Hashable, _Kept] = {}

    async def get(
        self, caller: str, form: ReportFormat, options: ReportOptions
    ) -> tuple[Body, datetime]:
        """The report and when it was made; raises StoreError and BusyError."""
        key = form.name, options.key
        if (kept := self._fresh(key)) is not None:
            return kept
        async with self._turns.turn(caller):
            # Another caller may have requested the same report meanwhile.
            if (kept := self._fresh(key)) is not None:
                return kept
            began = monotonic()
            report = await self._make(replace(options, with_cryptography=form.needs_cryptography))
            text = await asyncio.to_thread(form.write, report)
            body = await body_of(text.encode())
            ended = monotonic()
        self._reports[key] = _Kept(
            body=body, at=report.generated_at, stale_at=ended + rest_after(ended - began)
        )
        return body, report.generated_at

    def _fresh(self, key: Hashable) -> tuple[Body, datetime] | None:
        now = monotonic()
        for old in [one for one, kept in self._reports.items() if kept.stale_at <= now]:
            del self._reports[old]
        kept = self._reports.get(key)
        return None if kept is None else (kept.body, kept.at)


@frozen
class _Kept:
    """A rendered report, and until when it is used."""

    body: Body
    at: datetime
    stale_at: float


def usual_weeks(form_name: str) -> int:
    """How many weeks of history a report has if the client does not say."""
    return _EXECUTIVE_WEEKS if form_name == "executive" else 0


def _text(sentence: str, status_code: int) -> Response:
    return text_answer(sentence, status_code=status_code)
