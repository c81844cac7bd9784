"""What every source of targets is: something to watch, that yields all that it holds now."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

from model.safe_output.secret_text import masked_urls
from model.target import Target

_LOG = logging.getLogger(__name__)

META_PREFIX = "__"
"""Labels that begin so serve relabelling alone, as in Prometheus."""


class SourceError(Exception):
    """A source could not be read; the message says why and how to fix it, and URLs in it are masked.

    ``status`` is the HTTP status of the refusal, None where it was not HTTP that refused.
    """

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(masked_urls(message))
        self.status = status


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoveryUpdate:
    """What a source holds now: its targets, or None with the error that keeps the last ones."""

    targets: tuple[Target, ...] | None
    error: str | None


class Source(Protocol):
    """One place where targets are found; ``name`` tells it from all others."""

    name: str

    def watch(self) -> AsyncIterator[DiscoveryUpdate]:
        """What it holds, now and whenever that may have changed; ends only by cancellation."""
        ...


class PolledSource:
    """A source that is read again every ``refresh_seconds``.

    What ``read`` raises is SourceError; any other exception is a fault of ours, which costs this reading
    and not the service.
    """

    def __init__(
        self,
        name: str,
        read: Callable[[], Awaitable[tuple[Target, ...]]],
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
                yield DiscoveryUpdate(targets=await self._read(), error=None)
            except SourceError as error:
                yield DiscoveryUpdate(targets=None, error=str(error))
            except Exception as fault:
                _LOG.exception("a source could not be read", extra={"source": self.name})
                reason = f"{self.name} gives something unusual ({type(fault).__name__}: {fault})."
                yield DiscoveryUpdate(targets=None, error=reason)
            await asyncio.sleep(self._refresh_seconds)
