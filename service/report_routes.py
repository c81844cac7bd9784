"""The reports over HTTP: ``/reports`` names the formats, ``/reports/html`` and the rest give them.

``?label=team=web`` leaves only endpoints with that label, ``?weeks=12`` shows compliance that far back.
One report is made at a time, and written outside of the event loop: it may be long.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from html import escape
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from exporters.reports import REPORTS, Report, report_format
from service.gate import parse_labels
from storage import StoreError

_MOST_WEEKS: Final = 260
_EXECUTIVE_WEEKS: Final = 12
_NO_SCRIPT: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
_ENDINGS: Final = {
    "html": "html",
    "executive": "html",
    "policy": "html",
    "markdown": "md",
    "junit": "xml",
}

Make = Callable[[Mapping[str, str], int], Awaitable[Report]]
"""Makes the Report of the endpoints with these labels, with so many weeks of history."""


def report_routes(make: Make) -> list[Route]:
    """The routes of all formats. ``make`` may raise StoreError."""
    one_at_a_time = asyncio.Lock()

    async def give(request: Request) -> Response:
        name = request.path_params["format"]
        try:
            wanted = report_format(name)
            labels = parse_labels(request.query_params.getlist("label"))
            weeks = _weeks(request.query_params.get("weeks"), name)
        except KeyError:
            names = ", ".join(one.name for one in REPORTS)
            return _text(f"no report is called {name!r}: there are {names}", 404)
        except ValueError as error:
            return _text(str(error), 400)
        async with one_at_a_time:
            try:
                report = await make(labels, weeks)
            except StoreError as error:
                return _text(str(error), 503)
            text = await asyncio.to_thread(wanted.write, report)
        moment = f"{report.generated_at:%Y%m%dT%H%M%SZ}"
        ending = _ENDINGS.get(name, name)
        return Response(
            text.encode(),
            headers={
                "content-type": wanted.media_type,
                "content-disposition": f'inline; filename="tlsprobe-{name}-{moment}.{ending}"',
                "content-security-policy": _NO_SCRIPT,
                "x-content-type-options": "nosniff",
                "cache-control": "no-store",
            },
        )

    async def names(_: Request) -> Response:
        return HTMLResponse(_INDEX)

    return [
        Route("/reports", names),
        Route("/reports/{format}", give),
    ]


def _weeks(text: str | None, name: str) -> int:
    if text is None:
        return _EXECUTIVE_WEEKS if name == "executive" else 0
    if not (text.isascii() and text.isdecimal() and int(text) <= _MOST_WEEKS):
        raise ValueError(f"weeks must be a whole number from 0 to {_MOST_WEEKS}, not {text[:20]!r}")
    return int(text)


def _text(sentence: str, status_code: int) -> Response:
    return PlainTextResponse(f"{sentence}\n", status_code=status_code)


_ITEMS: Final = "\n".join(
    f'<li><a href="/reports/{one.name}">/reports/{one.name}</a>: {escape(one.says)}</li>'
    for one in REPORTS
)
_INDEX: Final = f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>tlsprobe: reports</title>
<style>body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; }}</style>
</head>
<body>
<h1>Reports</h1>
<ul>
{_ITEMS}
</ul>
</body>
</html>
"""
