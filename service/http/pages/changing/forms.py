"""Forms of the pages, which work without JavaScript: a POST, and then a page that can be loaded again."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.http.guard.query import QueryError, read_query

_FORM = "application/x-www-form-urlencoded"


async def form_of(request: Request, *names: str) -> Mapping[str, str]:
    """The fields that the browser sent, without spaces around them; a missing one is empty. Raises QueryError."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _FORM:
        raise QueryError(f"the body must be a form: send it with Content-Type: {_FORM}")
    form = read_query(await request.body(), names, noun="form")
    return {name: (form.get(name) or "").strip() for name in names}


def see_other(path: str) -> Response:
    """Makes the browser show ``path`` after a POST, so that a reload repeats nothing (RFC 9110, 15.4.4)."""
    return RedirectResponse(path, status_code=303)
