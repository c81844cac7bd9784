"""One page of metrics in gzip, written again when a fact on it changes."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from typing import Final

from exporters.prometheus import PageWriter
from model.snapshot import EndpointStatus, Snapshot

_QUICKEST: Final = 1
_AS_GZIP: Final = 16 + zlib.MAX_WBITS
_PIECE_IN: Final = 4096
_PIECE_OUT: Final = 65_536


class CompressedPage:
    """The page that ``writer`` writes; empty before the first ``write``.

    The other attributes belong to its reader: when its facts were taken, until when it need not be written again,
    whether a client requested it, and when it was last wanted.
    """

    def __init__(self, writer: PageWriter, wanted_at: float) -> None:
        self._writer = writer
        self._endpoints: tuple[EndpointStatus, ...] | None = None
        self._compressor = zlib.compressobj(_QUICKEST, zlib.DEFLATED, _AS_GZIP)
        self.facts = b""
        self.taken_at: float | None = None
        self.rests_until = 0.0
        self.is_requested = False
        self.wanted_at = wanted_at

    def write(self, snapshot: Snapshot) -> int:
        """Write the page if a status changed; returns the number of series for which it had no room."""
        if self._endpoints == snapshot.endpoints:  # identical objects are not compared in depth
            return 0
        dropped_before = self._writer.dropped_total
        compressor = zlib.compressobj(_QUICKEST, zlib.DEFLATED, _AS_GZIP)
        pieces = [compressor.compress(piece.encode()) for piece in self._writer.write(snapshot)]
        pieces.append(compressor.flush(zlib.Z_SYNC_FLUSH))
        self._compressor, self.facts = compressor, b"".join(pieces)
        self._endpoints = snapshot.endpoints
        return self._writer.dropped_total - dropped_before

    def ended_by(self, end: str) -> tuple[bytes, bytes]:
        """The page, and the compressed ``end`` that follows it."""
        compressor = self._compressor.copy()
        return self.facts, compressor.compress(end.encode()) + compressor.flush()


def decompressed(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The bytes of a gzip page in small pieces: the whole page may be a hundred times as large."""
    decompressor = zlib.decompressobj(_AS_GZIP)
    for piece in pieces:
        for start in range(0, len(piece), _PIECE_IN):
            data = piece[start : start + _PIECE_IN]
            while plain := decompressor.decompress(data, _PIECE_OUT):
                yield plain
                data = decompressor.unconsumed_tail
