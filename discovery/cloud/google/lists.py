"""The lists of a project in the Compute Engine API, and the scopes whose part of a list could not be read.

A scope is ``global`` or a region, ``regions/europe-west1``. Google lists the others if it cannot reach one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from discovery.apis.web import RefusedError, WebApi
from discovery.cloud.rest import Cloud
from discovery.found import JsonObject, mappings
from discovery.source import SourceError
from model.frozen import frozen

GLOBAL: Final = "global"
EVERYWHERE: Final = ""
"""The scope of a problem with a whole list."""

_MOST_PAGES: Final = 1000
_UNREACHABLE: Final = "UNREACHABLE"
_UNREACHED: Final = "Google Cloud cannot reach this scope now"
_QUOTA: Final = "the quota of the project is used up: raise refresh_seconds"
_DISABLED: Final = "enable the Compute Engine API in the project"
_GOOGLE: Final = Cloud(
    name="Google Cloud",
    meanings={
        401: "the token is not valid, or has expired: write a new one to token_file",
        403: "not permitted: grant this permission to the account in the project (roles/compute.networkViewer has all "
        "that are needed)",
        404: "there is no such project: check `project`",
        429: _QUOTA,
        "rateLimitExceeded": _QUOTA,
        "quotaExceeded": _QUOTA,
        "accessNotConfigured": _DISABLED,
        "SERVICE_DISABLED": _DISABLED,
    },
)


@frozen
class ProjectList:
    """The resources of a list by their ``path``; ``problems`` says by scope why some may be missing."""

    resources: Mapping[str, JsonObject]
    problems: Mapping[str, str]


@frozen
class Project:
    """The lists of one project, by kind."""

    name: str
    lists: Mapping[str, ProjectList]

    def linked(self, kind: str, link: Any) -> JsonObject | None:
        """The resource to which another one refers."""
        return None if link is None else self.lists[kind].resources.get(path(str(link)))


def permission(kind: str) -> str:
    """The permission that reading the list of this kind needs."""
    return f"compute.{kind}.list"


def path(link: str) -> str:
    """The part of a link that names the resource, whatever the host and the version of the API."""
    _, found, rest = link.partition("/projects/")
    return f"projects/{rest}" if found else link


def scope(link: str) -> str:
    """The scope of a resource or of the path of a scope: ``global``, or ``regions/`` with its name."""
    parts = path(link).split("/")
    if parts[0] == "projects":
        parts = parts[2:]
    start = next((at for at, part in enumerate(parts) if part in ("regions", "zones")), None)
    return GLOBAL if start is None else "/".join(parts[start : start + 2])


async def read_list(api: WebApi, project: str, kind: str, below: str) -> ProjectList:
    """The whole list at the path ``below`` the project; one that the account may not read is empty, and says so.

    Raises:
        SourceError: if the API refuses it for another reason, or does not answer like the Compute Engine API.
    """
    url = f"{api.url.rstrip('/')}/compute/v1/projects/{project}/{below}"
    found: dict[str, JsonObject] = {}
    problems: dict[str, str] = {}
    parameters = {"returnPartialSuccess": "true"}
    for _ in range(_MOST_PAGES):
        try:
            answer = await _GOOGLE.get(api, url, parameters)
        except RefusedError as refused:
            problem = _GOOGLE.explain(refused)
            if _GOOGLE.is_permission_missing(refused):
                return ProjectList(resources={}, problems={EVERYWHERE: problem})
            raise SourceError(f"{permission(kind)} of {project}: {problem}.") from refused
        if not str(answer.get("kind")).startswith("compute#"):
            raise SourceError(f"{url} did not answer like the Compute Engine API.")
        found.update((path(str(one.get("selfLink"))), one) for one in _items(answer, kind, url))
        problems.update(dict.fromkeys(_unreached(answer), _UNREACHED))
        if not (token := answer.get("nextPageToken")):
            return ProjectList(resources=found, problems=problems)
        parameters["pageToken"] = str(token)
    raise SourceError(f"{kind} of {project} has more than {_MOST_PAGES} pages.")


def _items(answer: JsonObject, kind: str, url: str) -> Iterator[JsonObject]:
    """The resources of a list, or of each region of an aggregated one."""
    items = answer.get("items", [])
    if isinstance(items, dict):
        for name, inside in items.items():
            of_scope = inside.get(kind, []) if isinstance(inside, dict) else inside
            yield from mappings(of_scope, f"{url}: {name}")
    else:
        yield from mappings(items, url)


def _unreached(answer: JsonObject) -> Iterator[str]:
    """The scopes that Google could not reach: those of ``unreachables``, and those with a warning."""
    listed = answer.get("unreachables")
    yield from (scope(str(one)) for one in (listed if isinstance(listed, list) else ()))
    if _is_unreachable(answer):
        yield from _scopes_of_warning(answer["warning"]) or [EVERYWHERE]
    items = answer.get("items")
    for name, inside in items.items() if isinstance(items, dict) else ():
        if _is_unreachable(inside):
            yield scope(name)


def _is_unreachable(answer: Any) -> bool:
    warning = answer.get("warning") if isinstance(answer, dict) else None
    return isinstance(warning, dict) and warning.get("code") == _UNREACHABLE


def _scopes_of_warning(warning: JsonObject) -> list[str]:
    """The scopes in the warning's ``data``, a list of keys and values."""
    listed = warning.get("data")
    pairs = listed if isinstance(listed, list) else []
    return [
        scope(str(pair["value"]))
        for pair in pairs
        if isinstance(pair, dict) and pair.get("key") == "scope" and "value" in pair
    ]
