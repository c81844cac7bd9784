"""The page of the inventory's metrics: built once per change, however many clients scrape it.

It is held compressed, as Prometheus requests it: ten thousand endpoints take 2 MB, and fifty uncompressed.
If there is no new Snapshot, the last page is shown, and its end shows its age.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Final

import structlog

from exporters.prometheus import OPENMETRICS_END, PageWriter
from exporters.prometheus.page import heading
from exporters.prometheus.service.service_families import described
from model.ports import Clock
from model.snapshot import EndpointStatus, Snapshot
from service.process.limits import rest_after

_LOG = structlog.stdlib.get_logger("tlsprobe")
_QUICKEST: Final = 1
_AS_GZIP: Final = 16 + zlib.MAX_WBITS
_BETWEEN_SECONDS: Final = 30.0
_PIECE_IN: Final = 4096
_PIECE_OUT: Final = 65_536
_AGE: Final = "tlsprobe_snapshot_age_seconds"


class NoSnapshotError(Exception):
    """There is no Snapshot, and never was; the message is one sentence."""


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
        self._snapshot = snapshot
        self._writer = writer
        self._clock = clock
        self._on_dropped = on_dropped
        self._writing = asyncio.Lock()
        self._endpoints: tuple[EndpointStatus, ...] | None = None
        self._taken_at: float | None = None
        self._rests_until = 0.0
        self._compressor = zlib.compressobj(_QUICKEST, zlib.DEFLATED, _AS_GZIP)
        self._compressed = b""

    @property
    def age_seconds(self) -> float:
        """How old the facts are; 0 before there are any."""
        return 0.0 if self._taken_at is None else self._clock.monotonic() - self._taken_at

    def expire(self) -> None:
        """Give the next client a new page, because removed targets must not be on it."""
        self._rests_until = 0.0

    async def keep_fresh(self) -> None:
        """Write changes at intervals, so that a scrape need not write all of them; never ends."""
        while True:
            with suppress(NoSnapshotError):
                await self._refresh()
            await asyncio.sleep(_BETWEEN_SECONDS)

    async def compressed(self, *, is_openmetrics: bool) -> tuple[bytes, bytes]:
        """The current page in gzip: the facts, shared by all clients, and the end of the page.

        Raises NoSnapshotError.
        """
        await self._refresh()
        age = f"{heading(_AGE, described('snapshot_age_seconds').help)}{_AGE} {self.age_seconds}\n"
        end = age + (OPENMETRICS_END if is_openmetrics else "")
        compressor = self._compressor.copy()
        return self._compressed, compressor.compress(end.encode()) + compressor.flush()

    @staticmethod
    def decompressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
        """The bytes of a gzip page in small pieces: the whole page may be a hundred times as large."""
        decompressor = zlib.decompressobj(_AS_GZIP)
        for piece in pieces:
            for start in range(0, len(piece), _PIECE_IN):
                data = piece[start : start + _PIECE_IN]
                while plain := decompressor.decompress(data, _PIECE_OUT):
                    yield plain
                    data = decompressor.unconsumed_tail

    async def facts(self) -> bytes:
        """The page in gzip, without its age and its end: the same object until a fact changes.

        Raises NoSnapshotError.
        """
        await self._refresh()
        return self._compressed

    async def _refresh(self) -> None:
        async with self._writing:
            began = self._clock.monotonic()
            if self._endpoints is not None and began < self._rests_until:
                return
            try:
                snapshot = self._snapshot()
            except Exception as error:
                if self._endpoints is None:
                    raise NoSnapshotError("there are no facts yet: try again later") from error
                _LOG.exception("the metrics page cannot be updated, the previous one is served")
                return
            if self._endpoints is None or not _are_same(snapshot.endpoints, self._endpoints):
                dropped_before = self._writer.dropped_total
                await asyncio.to_thread(self._write, snapshot)
                self._on_dropped(self._writer.dropped_total - dropped_before)
                self._endpoints = snapshot.endpoints
            self._taken_at = self._clock.monotonic()
            self._rests_until = self._taken_at + rest_after(self._taken_at - began)

    def _write(self, snapshot: Snapshot) -> None:
        compressor = zlib.compressobj(_QUICKEST, zlib.DEFLATED, _AS_GZIP)
        pieces = [compressor.compress(piece.encode()) for piece in self._writer.write(snapshot)]
        pieces.append(compressor.flush(zlib.Z_SYNC_FLUSH))
        self._compressor, self._compressed = compressor, b"".join(pieces)


def _are_same(some: tuple[EndpointStatus, ...], others: tuple[EndpointStatus, ...]) -> bool:
    """Whether there were no visits in between; identical objects are not compared in depth."""
    return some == others
