"""The page of the inventory's metrics, whole or in parts: built once per change, however many clients scrape it.

It is held compressed, as Prometheus requests it: ten thousand endpoints take 2 MB, and fifty uncompressed.
If there is no new Snapshot, the last page is shown, and its end shows its age.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import structlog

from exporters.prometheus import OPENMETRICS_END, PageWriter
from exporters.prometheus.page import heading
from exporters.prometheus.service.service_families import described
from exporters.prometheus.shard import WHOLE, Shard
from model.ports import Clock
from model.snapshot import Snapshot
from service.inventory.compressed_page import CompressedPage
from service.inventory.shared_snapshot import SharedSnapshot
from service.process.limits import rest_after

_LOG = structlog.stdlib.get_logger("tlsprobe")
_BETWEEN_SECONDS: Final = 30.0
_FORGOTTEN_AFTER_SECONDS: Final = 600.0
"""A page that was not requested for so long is no longer written."""

_MOST_TOTALS: Final = 2
"""A change from one number of parts to another needs both; each takes the memory of the whole page."""

_MOST_AHEAD: Final = 100_000
"""So many endpoints are written before the first request; a larger fleet is scraped in parts, not as a whole."""

_AGE: Final = "tlsprobe_snapshot_age_seconds"


class NoSnapshotError(Exception):
    """There is no Snapshot, and never was; the message is one sentence."""


class TooManyTotalsError(Exception):
    """The inventory is already divided in other ways; the message is one sentence that says what to do."""


class InventoryPage:
    """Pages of the Snapshots that ``snapshot`` returns; it is called in the event loop and may raise.

    ``on_dropped`` gets the number of series for which a new page had no room.
    """

    def __init__(
        self,
        snapshot: Callable[[], Snapshot],
        writer: PageWriter,
        clock: Clock,
        on_dropped: Callable[[int], None],
    ) -> None:
        self._snapshots = SharedSnapshot(snapshot, clock)
        self._writer = writer
        self._clock = clock
        self._on_dropped = on_dropped
        self._writing = asyncio.Lock()
        self._pages = {WHOLE: CompressedPage(writer, clock.monotonic())}

    @property
    def age_seconds(self) -> float:
        """How old the oldest facts are; 0 before there are any."""
        taken = [page.taken_at for page in self._pages.values() if page.taken_at is not None]
        return self._clock.monotonic() - min(taken) if taken else 0.0

    def expire(self) -> None:
        """Give the next client a new page, because removed targets must not be on it."""
        self._snapshots.expire()
        for page in self._pages.values():
            page.rests_until = 0.0

    async def keep_fresh(self) -> None:
        """Write changes at intervals, so that a scrape need not write all of them; never ends."""
        while True:
            await self.refresh()
            await asyncio.sleep(_BETWEEN_SECONDS)

    async def refresh(self) -> None:
        """Write the changes to the pages that clients request."""
        self._forget()
        for shard, page in tuple(self._pages.items()):
            with suppress(NoSnapshotError):
                await self._refresh(shard, page)

    async def compressed(
        self, *, is_openmetrics: bool, shard: Shard = WHOLE
    ) -> tuple[bytes, bytes]:
        """The current page in gzip: the facts, shared by all clients, and the end of the page.

        Raises NoSnapshotError, and TooManyTotalsError.
        """
        page = await self._requested(shard)
        age_seconds = self._clock.monotonic() - (page.taken_at or 0.0)
        age = f"{heading(_AGE, described('snapshot_age_seconds').help)}{_AGE} {age_seconds}\n"
        return page.ended_by(age + (OPENMETRICS_END if is_openmetrics else ""))

    async def facts(self) -> bytes:
        """The page in gzip, without its age and its end: the same object until a fact changes.

        Raises NoSnapshotError.
        """
        return (await self._requested(WHOLE)).facts

    async def _requested(self, shard: Shard) -> CompressedPage:
        self._forget()
        page = self._pages.get(shard)
        if page is None:
            self._check_total(shard)
            page = CompressedPage(self._writer.for_another_part(), self._clock.monotonic())
            self._pages[shard] = page
        page.is_requested, page.wanted_at = True, self._clock.monotonic()
        await self._refresh(shard, page)
        return page

    def _check_total(self, shard: Shard) -> None:
        totals = {one.total for one in self._pages if one != WHOLE}
        if shard != WHOLE and shard.total not in totals and len(totals) >= _MOST_TOTALS:
            used = " and ".join(map(str, sorted(totals)))
            raise TooManyTotalsError(
                f"the endpoints are already divided into {used} shards: use one of these totals in "
                f"every scrape, or wait {_FORGOTTEN_AFTER_SECONDS / 60:g} minutes"
            )

    def _forget(self) -> None:
        since = self._clock.monotonic() - _FORGOTTEN_AFTER_SECONDS
        self._pages = {
            shard: page for shard, page in self._pages.items() if page.wanted_at >= since
        }

    async def _refresh(self, shard: Shard, page: CompressedPage) -> None:
        async with self._writing:
            if page.taken_at is not None and self._clock.monotonic() < page.rests_until:
                return
            try:
                snapshot = await self._snapshots.part(shard)
            except Exception as error:
                if page.taken_at is None:
                    raise NoSnapshotError("there are no facts yet: try again later") from error
                _LOG.exception("the metrics page cannot be updated, the previous one is served")
                return
            if not page.is_requested and len(snapshot.endpoints) > _MOST_AHEAD:
                return
            began = self._clock.monotonic()
            self._on_dropped(await asyncio.to_thread(page.write, snapshot))
            ended = self._clock.monotonic()
            page.taken_at = self._snapshots.taken_at
            # All pages together take the share of a processor that one may take.
            page.rests_until = ended + rest_after((ended - began) * len(self._pages))
