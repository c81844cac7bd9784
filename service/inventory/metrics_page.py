"""The page of the inventory's metrics: put together once for each change, however many scrape it.

It is kept compressed, as Prometheus asks for it: ten thousand endpoints are 2 MB so, and fifty without.
Where no Snapshot can be had, the last page is shown, and its end says how old it is.
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
    """There is no Snapshot, and never was one; the message is one sentence."""


class InventoryPage:
    """Pages of what ``snapshot`` gives, which is called in the event loop and may raise.

    ``on_dropped`` is told how many series found no room on a new page.
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
        """How long ago the facts were put together; 0 before there are any."""
        return 0.0 if self._taken_at is None else self._clock.monotonic() - self._taken_at

    def expire(self) -> None:
        """Let the next who asks get a new page: what is no target any more must not be on it."""
        self._rests_until = 0.0

    async def keep_fresh(self) -> None:
        """Writes what has changed now and then, so that no scrape has to write it all; never ends."""
        while True:
            with suppress(NoSnapshotError):
                await self._refresh()
            await asyncio.sleep(_BETWEEN_SECONDS)

    async def compressed(self, *, is_openmetrics: bool) -> tuple[bytes, bytes]:
        """The page as it is now, in gzip: the facts, which all who ask share, and the end of the page.

        Raises NoSnapshotError.
        """
        await self._refresh()
        age = f"{heading(_AGE, described('snapshot_age_seconds').help)}{_AGE} {self.age_seconds}\n"
        end = age + (OPENMETRICS_END if is_openmetrics else "")
        compressor = self._compressor.copy()
        return self._compressed, compressor.compress(end.encode()) + compressor.flush()

    @staticmethod
    def decompressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
        """A page in gzip as its plain bytes, in small pieces: whole it may be a hundred times as large."""
        decompressor = zlib.decompressobj(_AS_GZIP)
        for piece in pieces:
            for start in range(0, len(piece), _PIECE_IN):
                data = piece[start : start + _PIECE_IN]
                while plain := decompressor.decompress(data, _PIECE_OUT):
                    yield plain
                    data = decompressor.unconsumed_tail

    async def facts(self) -> bytes:
        """The page in gzip, without its age and without an end: the same object until a fact changes.

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
                _LOG.exception("no snapshot can be had, the last page stays")
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
    """Whether nobody was visited in between; what is the same object is not compared in depth."""
    return some == others
