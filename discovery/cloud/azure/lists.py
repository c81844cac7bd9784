"""The lists of a subscription in Azure Resource Manager, page by page."""

from __future__ import annotations

from typing import Final

import httpx

from discovery.apis.web import RefusedError, WebApi
from discovery.cloud.rest import Cloud
from discovery.found import JsonObject, mappings
from discovery.source import SourceError
from model.frozen import frozen

_MOST_PAGES: Final = 1000
_AZURE: Final = Cloud(
    name="Azure",
    meanings={
        401: "the token is not valid, or has expired: write a new one to token_file",
        403: "not permitted: allow this action to the account in the subscription (the role Reader has all that are "
        "needed)",
        404: "there is no such subscription: check `subscription`",
        409: "register the resource provider of this action in the subscription",
        429: "Azure still throttles: raise refresh_seconds",
    },
)


@frozen
class ListKind:
    """A list below ``providers`` of a subscription, in one version of its API, and the action that reading it needs."""

    path: str
    version: str
    action: str


class NotPermittedError(SourceError):
    """The account may not read a list; the message names the action."""


@frozen
class Subscription:
    """A subscription, and the API that is asked about it."""

    api: WebApi
    identifier: str

    async def read(self, kind: ListKind) -> tuple[JsonObject, ...]:
        """The whole list.

        Raises:
            NotPermittedError: if the account may not read it.
            SourceError: if it cannot be read for another reason.
        """
        base = f"{self.api.url.rstrip('/')}/subscriptions/{self.identifier}/providers"
        url, parameters = f"{base}/{kind.path}", {"api-version": kind.version}
        found: list[JsonObject] = []
        for _ in range(_MOST_PAGES):
            try:
                answer = await _AZURE.get(self.api, url, parameters)
            except RefusedError as refused:
                problem = f"{kind.action}: {_AZURE.explain(refused)}"
                if _AZURE.is_permission_missing(refused):
                    raise NotPermittedError(problem) from refused
                raise SourceError(f"{problem}.") from refused
            found.extend(mappings(answer.get("value"), f"{url}: value"))
            if not (link := answer.get("nextLink")):
                return tuple(found)
            url, parameters = self._own(str(link)), {}
        raise SourceError(f"{kind.action}: the list has more than {_MOST_PAGES} pages.")

    def _own(self, link: str) -> str:
        """The link to the next page; raises SourceError if it leads elsewhere, where the token must not go."""
        try:
            found, own = httpx.URL(link), httpx.URL(self.api.url)
        except httpx.InvalidURL as error:
            raise SourceError(f"Azure's nextLink is not a URL ({error}).") from error
        if (found.scheme, found.host, found.port) != (own.scheme, own.host, own.port):
            raise SourceError(
                f"Azure's nextLink leads to {found.scheme}://{found.host}, not to {self.api.url}: check `url`, and the "
                "proxy on the way."
            )
        return link
