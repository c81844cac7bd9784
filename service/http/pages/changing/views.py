"""``/endpoints/views``: name the view that the list shows, or forget one; the browser keeps them in a cookie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.pages.endpoint_list import EndpointFilter
from exporters.pages.saved_views import (
    SavedView,
    cookie_of,
    read_views,
    with_view,
    without_view,
)
from service.http.guard.query import Query, QueryError, route
from service.http.pages.changing.forms import form_of, see_other
from service.setting_types.roles import Role

_COOKIE: Final = "tlsprobe_views"
_LIST: Final = "/endpoints"
_KEPT_SECONDS: Final = 400 * 86_400
"""Browsers keep no cookie for longer."""


def views_cookie(request: Request) -> str:
    """The cookie with the views that the client's browser has sent; empty without one."""
    return request.cookies.get(_COOKIE, "")


def saved_views(request: Request) -> Sequence[SavedView]:
    """The views that the client's browser has sent."""
    return read_views(views_cookie(request))


def saved_view_route() -> Route:
    """What the forms of the list send. It changes nothing at the service, so viewers may do it."""
    return route(f"{_LIST}/views", _changed, method="POST", role=Role.VIEWER)


async def _changed(request: Request, _: Query) -> Response:
    form = await form_of(request, "name", "remove", *EndpointFilter.names())
    views = saved_views(request)
    try:
        shown = EndpointFilter.of(form.get)
        after = (
            without_view(views, form["remove"])
            if form["remove"]
            else with_view(views, form["name"], shown)
        )
    except ValueError as error:
        raise QueryError(str(error)) from None
    answer = see_other(shown.link())
    answer.set_cookie(
        _COOKIE,
        cookie_of(after),
        max_age=_KEPT_SECONDS,
        path=_LIST,
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="lax",
    )
    return answer
