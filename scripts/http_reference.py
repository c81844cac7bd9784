"""Writes docs/reference/http-api.md from the service's router: ``python -m scripts.http_reference``.

Methods, paths and parameters are those of the routes; what they mean stands in ``http_meanings.toml``. A route or a
parameter without a meaning, and a meaning without a route, raise LookupError.
"""

from __future__ import annotations

import asyncio
import sys
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from service.config.load import load_settings
from service.daemon.build import build
from service.daemon.routes import app_of
from service.http.guard.access import SAFE_METHODS
from service.http.guard.principal import Principal
from service.http.guard.query import QueryRoute
from storage import SqlStore

_MEANINGS: Final = Path(__file__).with_name("http_meanings.toml")
_INTRODUCTION: Final = """\
# The HTTP API

Every route of the service. This page is written from the code by `make docs`;
[configuration.md](configuration.md#the-http-side) says who may use them. The service speaks HTTP/1.1, with TLS
if [this is configured](../how-to/secure-the-service.md).

An error is one sentence of text that says what to change; under `/api/` it is `error` in a JSON object. Besides the statuses
of each route, every route may answer:

| status | if |
|---|---|
| 400 | the query has an unknown, repeated or overlong parameter, or the header `Host` is invalid |
| 401 | the service needs a password, a token or a client certificate, or the one that was sent is wrong |
| 403 | a page of another site asks for a change, or the client does not have the role |
| 404, 405 | there is no such path, or not with this method |
| 408, 413 | the body takes longer than 30 seconds, or is over 64 KiB |
| 421 | the name by which the client asks is not in `http.allowed_hosts` |
| 429 | ten wrong passwords came from this address in a minute |

Routes need the role viewer, unless they state another. `/-/healthy` and `/-/ready` need none.
"""


def routes() -> Mapping[str, QueryRoute]:
    """Every route of the service by its method and path, such as ``GET /metrics``."""
    return asyncio.run(_routes())


async def _routes() -> Mapping[str, QueryRoute]:
    async def reload(_: Principal) -> None:
        return None

    with TemporaryDirectory() as directory:
        url = f"sqlite:///{Path(directory) / 'tlsprobe.db'}"
        async with await SqlStore.open(url) as store:
            app = app_of(build(load_settings(None, database=url), store, ()), reload)
    found = [one for one in app.routes if isinstance(one, QueryRoute)]
    return {f"{_method(one)} {one.path}": one for one in found}


def _method(route: QueryRoute) -> str:
    # Starlette adds HEAD to GET.
    return next(one for one in sorted(route.methods or ()) if one != "HEAD")


def meanings() -> Mapping[str, Mapping[str, Any]]:
    """What is known of each route by words; raises LookupError if it does not fit the router."""
    said = tomllib.loads(_MEANINGS.read_text(encoding="utf-8"))
    known = routes()
    if said.keys() != known.keys():
        raise LookupError(f"{_MEANINGS.name} and the router differ: {said.keys() ^ known.keys()}")
    for name, route in known.items():
        wanted = {*route.once, *route.many, *route.param_convertors}
        if wanted != said[name].get("parameters", {}).keys():
            raise LookupError(f"{_MEANINGS.name}, {name}: the parameters are {sorted(wanted)}")
    return said


def _section(name: str, said: Mapping[str, Any], route: QueryRoute) -> Iterator[str]:
    yield f"\n## {name}\n"
    is_safe = _method(route) in SAFE_METHODS
    yield said["meaning"] + ("" if is_safe else f" *Changes state; needs the role {route.role}.*")
    if parameters := said.get("parameters"):
        yield "\n| parameter | meaning |\n|---|---|"
        for parameter, meaning in parameters.items():
            repeated = "; may be repeated" if parameter in route.many else ""
            yield f"| `{parameter}` | {meaning}{repeated} |"
    yield "\n| status | answer |\n|---|---|"
    yield from (f"| {status} | {answer} |" for status, answer in said["answers"].items())


def reference() -> str:
    """The whole page."""
    lines = [_INTRODUCTION.rstrip()]
    known = routes()
    for name, said in meanings().items():
        lines += _section(name, said, known[name])
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
