"""Renders pages: one at a time, in threads. jinja2 escapes every text, and no page has a script or style in itself."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import Any, Final, TypeAlias

from starlette.requests import Request
from starlette.responses import Response

from exporters.pages.layout import page_templates, rendered
from exporters.pages.rows import Row
from model.frozen import frozen
from service.http.guard.bodies import Body, busy, compressed_body, respond, takes_gzip
from service.http.guard.callers import caller_of_request
from service.http.guard.query import Endpoint, Query
from service.http.guard.turns import BusyError, Turns, measured
from service.http.pages.inventory import Inventories, Inventory
from service.process.limits import short_rest_after

_POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
_REFERRER: Final = "same-origin"
"""With ``no-referrer``, browsers send forms with ``Origin: null``, which the Guard refuses (Fetch, section 3.2)."""

_MOST_PER_CALLER: Final = 32
"""Half of all who may wait: many users may come from the one address of a proxy."""

_MOST_KEPT: Final = 64
"""Answers for one Inventory, the oldest of which goes first; a large one has 35 kB."""

_HTML: Final = "text/html; charset=utf-8"


@frozen
class PageContent:
    """A page: its template, the path that the navigation marks, the values, and the status of the answer."""

    template: str
    active: str
    values: Mapping[str, Any]
    status_code: int = 200


@frozen
class FileContent:
    """A file that is not a page, such as CSV."""

    text: str
    media_type: str
    headers: Mapping[str, str]


Content = PageContent | FileContent


@dataclass(slots=True)
class _Kept:
    """The answer to all requests that are alike, made under the ``lock``."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    answer: Response | None = None


_KeptAnswers: TypeAlias = dict[tuple[str, str, bool, bool], _Kept]


def _alike(_: Request) -> str:
    return ""


class Renderer:
    """Answers with pages made from the newest Inventory."""

    def __init__(self, inventories: Inventories, may_change: Callable[[Request], bool]) -> None:
        self._inventories = inventories
        self._may_change = may_change
        self._templates = page_templates()
        self._turns = Turns(short_rest_after, _MOST_PER_CALLER)
        self._kept: tuple[Inventory | None, _KeptAnswers] = (None, {})

    async def inventory(self) -> Inventory:
        """The newest Inventory."""
        return await self._inventories.newest()

    async def endpoint(
        self, given: Callable[[str], str | None]
    ) -> tuple[Row | None, Sequence[Row]]:
        """The endpoint that the parameters of a URL or a form name, and the others of its target."""
        return await self._inventories.endpoint(given)

    def expire(self) -> None:
        """Show what a user has just changed in the next page."""
        self._inventories.expire()

    def once(self, endpoint: Endpoint, varying: Callable[[Request], str] = _alike) -> Endpoint:
        """The endpoint, asked once per Inventory for all clients that send the same URL and may do the same.

        Its answer must depend on nothing else, except on what the Store has at that time, and on what ``varying``
        returns.
        """

        async def shared(request: Request, query: Query) -> Response:
            inventory = await self._inventories.newest()
            if self._kept[0] is not inventory:
                self._kept = (inventory, {})
            _, answers = self._kept
            key = (
                str(request.url),
                varying(request),
                self._may_change(request),
                takes_gzip(request),
            )
            if key not in answers and len(answers) >= _MOST_KEPT:
                del answers[next(iter(answers))]
            kept = answers.setdefault(key, _Kept())
            async with kept.lock:
                if kept.answer is not None:
                    return kept.answer
                answer = await endpoint(request, query)
                if answer.status_code == HTTPStatus.OK:
                    kept.answer = answer
                return answer

        return shared

    async def answer(self, request: Request, make: Callable[[Inventory], Content]) -> Response:
        """The answer with what ``make`` returns; it is called in a thread."""
        inventory = await self._inventories.newest()
        may_change = self._may_change(request)
        try:
            async with self._turns.turn(caller_of_request(request)) as turn:
                work = partial(self._written, inventory, make, may_change)
                (content, body), turn.cpu_seconds = await asyncio.to_thread(measured, work)
        except BusyError as error:
            return busy(error)
        if isinstance(content, FileContent):
            headers = {"content-type": content.media_type, **content.headers}
            return respond(request, body, headers)
        headers = {
            "content-type": _HTML,
            "content-security-policy": _POLICY,
            "referrer-policy": _REFERRER,
        }
        return respond(request, body, headers, status_code=content.status_code)

    def _written(
        self, inventory: Inventory, make: Callable[[Inventory], Content], may_change: bool
    ) -> tuple[Content, Body]:
        content = make(inventory)
        if isinstance(content, FileContent):
            return content, compressed_body(content.text.encode())
        text = rendered(
            self._templates,
            content.template,
            content.active,
            inventory.now,
            content.values,
            may_change=may_change,
        )
        return content, compressed_body(text.encode())
