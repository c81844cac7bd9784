"""The answers to requests for a path that no route has, and for a method that a path does not allow."""

from __future__ import annotations

from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route

from service.http.text_answers import API, OPENAPI, refused_answer

_SHOWN: Final = 100


async def not_served(request: Request, error: Exception) -> Response:
    """What is wrong with the request, and what to request instead."""
    routes = [one for one in request.app.routes if isinstance(one, Route)]
    path = str(request.scope["path"])
    shown = path[:_SHOWN]
    methods = {
        method
        for route in routes
        if route.matches(request.scope)[0] is not Match.NONE
        for method in route.methods or ()
    }
    if methods:
        text = f"{request.method} is not allowed at {shown!r}: use {' or '.join(sorted(methods))}"
        headers = {"allow": ", ".join(sorted(methods))}
        return refused_answer(path, text, 405, headers)
    pages = sorted(
        {
            route.path
            for route in routes
            if "GET" in (route.methods or ()) and not route.path.startswith(f"{API}/")
        }
    )
    text = f"there is nothing at {shown!r}: use one of {', '.join(pages)}; {OPENAPI} has the API"
    status = error.status_code if isinstance(error, HTTPException) else 404
    return refused_answer(path, text, status)
