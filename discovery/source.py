"""The interface of all discovery sources: a watch that yields the complete set of current targets."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import field
from typing import Protocol

from model.claims.resource_claim import ResourceClaim
from model.frozen import frozen
from model.safe_output.secret_text import masked_urls
from model.target import Target

_LOG = logging.getLogger(__name__)

API_SOURCE = "api"
"""The name of the source of the targets that clients add through the API."""

META_PREFIX = "__"
"""Labels with this prefix exist only during relabelling, as in Prometheus."""


class SourceError(Exception):
    """A source could not be read; the message says why and how to fix it, with URLs masked."""

    def __init__(self, message: str) -> None:
        super().__init__(masked_urls(message))


@frozen
class Skipped:
    """An entry that yields no target, or less than it says: where it is, and why.

    ``address`` is the text of a target that cannot be parsed; relabelling rules may drop or rewrite it, and see
    ``labels``.
    """

    place: str
    problem: str
    address: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}"


@frozen
class NamedMailDomain:
    """A mail domain that an entry names instead of a target, in lower case; its mail servers get ``labels``."""

    domain: str
    labels: Mapping[str, str]
    place: str


@frozen
class SourceReading:
    """The targets of a source, the entries that were skipped, and claims about resources of any source's targets.

    ``mail_domains`` are not looked up yet.
    """

    targets: tuple[Target, ...]
    skipped: tuple[Skipped, ...] = ()
    resource_claims: tuple[ResourceClaim, ...] = ()
    mail_domains: tuple[NamedMailDomain, ...] = ()


@frozen
class DiscoveryUpdate:
    """The current targets of a source, or None with the error; the previous targets then stay in force."""

    targets: tuple[Target, ...] | None
    error: str | None
    skipped: tuple[Skipped, ...] = ()
    resource_claims: tuple[ResourceClaim, ...] = ()

    @classmethod
    def of(cls, reading: SourceReading) -> DiscoveryUpdate:
        """The update of a successful reading."""
        return cls(
            targets=reading.targets,
            error=None,
            skipped=reading.skipped,
            resource_claims=reading.resource_claims,
        )


class Source(Protocol):
    """A provider of targets; ``name`` is unique."""

    name: str

    def watch(self) -> AsyncIterator[DiscoveryUpdate]:
        """The current targets, now and after each possible change; ends only by cancellation."""
        ...


class PolledSource:
    """A source that is read again every ``refresh_seconds``.

    ``read`` raises SourceError; any other exception is an internal error, which fails only this reading and not
    the service.
    """

    def __init__(
        self,
        name: str,
        read: Callable[[], Awaitable[SourceReading]],
        *,
        refresh_seconds: float,
    ) -> None:
        self.name = name
        self._read = read
        self._refresh_seconds = refresh_seconds

    async def watch(self) -> AsyncIterator[DiscoveryUpdate]:
        """One update after each reading."""
        while True:
            try:
                yield DiscoveryUpdate.of(await self._read())
            except SourceError as error:
                yield DiscoveryUpdate(targets=None, error=str(error))
            except Exception as fault:
                _LOG.exception("a source could not be read", extra={"source": self.name})
                reason = f"{self.name} could not be read because of an internal error ({type(fault).__name__}: {fault})."
                yield DiscoveryUpdate(targets=None, error=reason)
            await asyncio.sleep(self._refresh_seconds)
