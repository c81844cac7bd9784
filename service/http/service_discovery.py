"""``/sd/prometheus``: all discovered targets in the format of Prometheus' ``http_sd``.

Prometheus can scrape the same targets, through ``/probe`` or with other exporters. The owner's labels are
unchanged; tlsprobe adds labels for relabelling (``__meta_tlsprobe_…``).
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Iterable
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from model.safe_output.label_text import label_value
from model.target import Target, key_order
from service.http.guard.bodies import Body, body_of, respond
from service.http.guard.query import Query, route
from service.http.guard.turns import Shared

_META: Final = "__meta_tlsprobe_"
_RESERVED: Final = "__"
_NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9_]")


def target_groups(targets: Iterable[Target]) -> list[dict[str, Any]]:
    """One group for each target, ordered by its key."""
    return [
        {"targets": [_place(target)], "labels": _labels(target)}
        for target in sorted(targets, key=lambda one: key_order(one.key))
    ]


def service_discovery_route(targets: Callable[[], Iterable[Target]]) -> Route:
    """The route that lists the current inventory."""

    async def written() -> Body:
        return await body_of(await asyncio.to_thread(_as_json, tuple(targets())))

    shared = Shared(written)

    async def discovered(request: Request, _: Query) -> Response:
        return respond(request, await shared.get(), {"content-type": "application/json"})

    return route("/sd/prometheus", discovered)


def _as_json(targets: Iterable[Target]) -> bytes:
    return json.dumps(target_groups(targets), separators=(",", ":"), ensure_ascii=False).encode()


def _place(target: Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return f"{host}:{target.port}"


def _labels(target: Target) -> dict[str, str]:
    """No owner's label may replace a label that Prometheus interprets, such as __address__."""
    own = {_label_name(name): label_value(text) for name, text in target.labels.items()}
    given = {name: text for name, text in own.items() if not name.startswith(_RESERVED)}
    return given | {
        f"{_META}target": target.key,
        f"{_META}server_name": target.server_name or "",
        f"{_META}protocol": target.protocol,
        f"{_META}source": label_value(target.source),
    }


def _label_name(name: str) -> str:
    sound = _NOT_IN_A_NAME.sub("_", name)
    return f"_{sound}" if not sound or sound[0].isdigit() else sound
