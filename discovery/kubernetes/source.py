"""A Kubernetes cluster as a source: its API lists are read in full, watched, and read again after a change.

A watch only signals that something changed (Kubernetes API concepts, "Efficient detection of changes"). The
lists are then read again, so that no event can be missed or applied twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final

import httpx

from discovery.apis.web import RefusedError, WebApi
from discovery.bounds import USUAL_MOST_TARGETS
from discovery.found import mappings, read_locations
from discovery.kubernetes.objects import (
    EARLIER_VERSIONS,
    RESOURCES,
    SECRETS,
    Item,
    Items,
    locations_of,
)
from discovery.source import DiscoveryUpdate, SourceError, SourceReading
from pki.net_guard.http_client import HttpError

USUAL_RESOURCES: Final = tuple(name for name in RESOURCES if name != "secrets")
_TLS_SECRETS: Final = {"fieldSelector": "type=kubernetes.io/tls"}
_CALM_SECONDS: Final = 1.0
"""Changes come in bursts; the cluster is read again when a burst has ended."""

_LONGEST_PAUSE_SECONDS: Final = 60.0


class KubernetesSource:
    """One cluster. It is read again after ``refresh_seconds`` even without a change.

    ``resources`` are names from ``RESOURCES``.
    """

    def __init__(
        self,
        name: str,
        api: WebApi,
        *,
        refresh_seconds: float,
        resources: Sequence[str] = USUAL_RESOURCES,
        most_targets: int = USUAL_MOST_TARGETS,
    ) -> None:
        self.name = name
        self._api = api
        self._refresh_seconds = refresh_seconds
        self._most_targets = most_targets
        self._paths = tuple(path for resource in resources for path in RESOURCES[resource])

    async def watch(self) -> AsyncIterator[DiscoveryUpdate]:
        """One update at the start, and one after each change."""
        while True:
            versions: dict[str, str] = {}
            try:
                items = {path: await self._items(path, versions) for path in self._paths}
                if not versions:
                    raise SourceError(f"{self._api.url} has none of the lists: check the URL.")
                yield DiscoveryUpdate.of(await asyncio.to_thread(self._read, items))
            except SourceError as error:
                yield DiscoveryUpdate(targets=None, error=str(error))
            except (AttributeError, TypeError, ValueError, KeyError) as error:
                reason = f"{self._api.url} returned invalid Kubernetes objects ({error})."
                yield DiscoveryUpdate(targets=None, error=reason)
            await self._changed(versions)

    def _read(self, items: Items) -> SourceReading:
        return read_locations(locations_of(items), self.name, self._most_targets)

    async def _items(self, path: str, versions: dict[str, str]) -> list[Item]:
        """The objects of a list; empty if the cluster does not have that kind in any version.

        ``versions`` gets the list's resourceVersion, from which it is watched.
        """
        for one in (path, *EARLIER_VERSIONS.get(path, ())):
            try:
                answer = await self._api.get(one, **_parameters(one))
            except RefusedError as error:
                if error.status == httpx.codes.NOT_FOUND:
                    continue
                raise
            if not isinstance(answer, dict):
                raise SourceError(f"{self._api.url}{one} did not return a Kubernetes list.")
            versions[one] = str((answer.get("metadata") or {}).get("resourceVersion", ""))
            return list(mappings(answer.get("items"), f"{self._api.url}{one}"))
        return []

    async def _changed(self, versions: Mapping[str, str]) -> None:
        """Waits until one of the lists changes, or until the next refresh."""
        if not versions:
            await asyncio.sleep(min(_LONGEST_PAUSE_SECONDS, self._refresh_seconds))
            return
        watches = [
            asyncio.create_task(self._event(path, version)) for path, version in versions.items()
        ]
        try:
            await asyncio.wait(
                watches, timeout=self._refresh_seconds, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for watch in watches:
                watch.cancel()
            await asyncio.gather(*watches, return_exceptions=True)
        await asyncio.sleep(min(_CALM_SECONDS, self._refresh_seconds))

    async def _event(self, path: str, version: str) -> None:
        """Waits until the API reports a change since ``version``; for ever if the list cannot be watched.

        An API server ends each watch after some time; the next watch continues from the same version. If that version
        is too old, the API server's error counts as a change.
        """
        parameters = {**_parameters(path), "watch": "1", "resourceVersion": version}
        pause = _CALM_SECONDS
        while (status := await self._watched(path, parameters)) != httpx.codes.GONE:
            if status is None:
                return
            if status in {httpx.codes.FORBIDDEN, httpx.codes.METHOD_NOT_ALLOWED}:
                await asyncio.Event().wait()
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE_SECONDS)

    async def _watched(self, path: str, parameters: Mapping[str, str]) -> int | None:
        """None once a change is reported; else the status that ended the watch, 0 if there was no connection."""
        url = f"{self._api.url.rstrip('/')}{path}"
        try:
            async with self._api.ask(url, parameters) as answer:
                if answer.status == httpx.codes.OK:
                    # Events are separated by line ends; an empty line keeps the connection open.
                    async for piece in answer.pieces():
                        if piece.strip():
                            return None
                return answer.status
        except (HttpError, OSError, ValueError):
            return 0


def _parameters(path: str) -> Mapping[str, str]:
    return _TLS_SECRETS if path == SECRETS else {}
