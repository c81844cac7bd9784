"""Writes docs/reference/http-api.md from the service's router: ``python -m scripts.http_reference``.

The operations of ``/api/v1`` are written from the OpenAPI document. For the other routes, methods, paths and parameters are those of the routes; what they mean stands in ``http_meanings.toml``. A route or a
parameter without a meaning, and a meaning without a route, raise LookupError.
"""

from __future__ import annotations

import asyncio
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from service.config.load import load_settings
from service.daemon.build import build
from service.daemon.routes import app_of
from service.http.api.document import document
from service.http.api.frame import ApiRoute
from service.http.api.routes import OPERATIONS
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

An error is one sentence of text that says what to change. At `/api/waivers` and `/api/audit` it is `error` in a JSON object,
and under `/api/v1` it is `detail` of a problem (RFC 9457). Besides the statuses of each route, every route may answer:

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

_API: Final = """
## The API under /api/v1

The operations below are those of the [OpenAPI](https://spec.openapis.org/oas/v3.1.1.html) document at `/api/openapi.json`, from which
clients can be generated; it also describes bodies and answers. [Use the HTTP API](../how-to/use-the-http-api.md) has
examples.

- A list returns `items` and `next`, the `cursor` of the next page, or null. New items shift none. `fields` selects fields of
  the items.
- Every answer has an `ETag`. With `If-None-Match`, an unchanged answer is 304 without a body; with `If-Match`, a change of
  something that has changed meanwhile is 412.
- An `Idempotency-Key` makes a POST repeatable: for a day, the same key with the same body gets the first answer. The keys are
  in memory, so a restart forgets them.
- A client, by its token, name or address, may send `http.api_requests_per_minute` requests. More are answered with 429 and
  `Retry-After`.

Besides the statuses of each operation, every operation may answer 400, 401, 403, 429 and 503.
"""
_OF_ALL: Final = {400, 401, 403, 429, 503}


def routes() -> Mapping[str, QueryRoute]:
    """Every route outside ``/api/v1`` by its method and path, such as ``GET /metrics``."""
    found = [one for one in asyncio.run(_routes()) if not isinstance(one, ApiRoute)]
    return {f"{_method(one)} {one.path}": one for one in found}


async def _routes() -> Sequence[QueryRoute]:
    async def reload(_: Principal) -> None:
        return None

    with TemporaryDirectory() as directory:
        url = f"sqlite:///{Path(directory) / 'tlsprobe.db'}"
        async with await SqlStore.open(url) as store:
            app = app_of(build(load_settings(None, database=url), store, ()), reload)
    return [one for one in app.routes if isinstance(one, QueryRoute)]


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
    lines += [_API]
    written = document(OPERATIONS)
    for path, methods in written["paths"].items():
        for method, one in methods.items():
            lines += _operation(f"{method.upper()} {path}", one, written["components"]["schemas"])
    return "\n".join(lines) + "\n"


def _operation(name: str, one: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[str]:
    """The section of one operation of the OpenAPI document."""
    yield f"\n### {name}\n"
    yield " ".join(filter(None, (one["summary"], one.get("description"))))
    if parameters := one["parameters"]:
        yield "\n| parameter | in | values | meaning |\n|---|---|---|---|"
        for each in parameters:
            values = _values(each["schema"], schemas)
            cells = (f"`{each['name']}`", each["in"], values, each["description"])
            yield f"| {' | '.join(cells)} |"
    statuses = [f"{status}: {said['description']}" for status, said in one["responses"].items()]
    own = [said for said in statuses if int(said[:3]) not in _OF_ALL]
    yield "\n" + "; ".join(own) + "."


def _values(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> str:
    """The values of a parameter, in short."""
    if "$ref" in schema:
        return _values(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    if "enum" in schema:
        return ", ".join(f"`{one}`" for one in schema["enum"])
    if schema["type"] == "array":
        return f"list of {_values(schema['items'], schemas)}"
    if "maximum" in schema:
        return f"{schema['minimum']} to {schema['maximum']}"
    words = {"integer": "whole number", "boolean": "`true`, `false`", "string": "text"}
    return "time (RFC 3339)" if schema.get("format") == "date-time" else words[schema["type"]]


if __name__ == "__main__":
    sys.stdout.write(reference())
