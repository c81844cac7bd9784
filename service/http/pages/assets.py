"""The files that pages load, under names that change with their content; browsers keep them."""

from __future__ import annotations

import gzip
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from exporters.pages.assets import ASSETS, Asset
from service.http.guard.bodies import Body, respond
from service.http.guard.query import Query, route
from service.http.text_answers import text_answer

_FOR_A_YEAR: Final = "public, max-age=31536000, immutable"


def asset_route() -> Route:
    """``/assets/{name}``; the files are compressed once, at the start."""
    bodies = {name: _body(asset) for name, asset in ASSETS.items()}

    async def asset(request: Request, _: Query) -> Response:
        name = request.path_params["name"]
        if name not in bodies:
            return text_answer("there is no such file: reload the page", status_code=404)
        headers = {"content-type": ASSETS[name].media_type, "cache-control": _FOR_A_YEAR}
        return respond(request, bodies[name], headers)

    return route("/assets/{name}", asset)


def _body(asset: Asset) -> Body:
    return Body(plain=asset.content, compressed=gzip.compress(asset.content, mtime=0))
