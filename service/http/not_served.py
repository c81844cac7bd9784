"""The answers to requests for a path that no route has, and for a method that a path does not allow."""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from service.http.text_answers import text_answer

_SHOWN: Final = 100


async def not_served(request: Request, error: Exception) -> Response:
    """What is wrong with the request, and what to request instead."""
    routes = [one for one in request.app.routes if isinstance(one, Route)]
    path = str(request.scope["path"])[:_SHOWN]
    methods = {
        method
        for route in routes
        if route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }
    if methods:
        text = f"{request.method} is not allowed at {path!r}: use {' or '.join(sorted(methods))}"
        headers = {"allow": ", ".join(sorted(methods))}
        return text_answer(text, status_code=405, headers=headers)
    pages = sorted({route.path for route in routes if "GET" in (route.methods or ())})
    text = f"there is nothing at {path!r}: use one of {', '.join(pages)}"
    status = error.status_code if isinstance(error, HTTPException) else 404
    return text_answer(text, status_code=status)
