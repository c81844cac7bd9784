"""The inventory's metrics as a file for node_exporter's textfile collector.

It is written beside its place and moved there, so that no reader ever sees half of it, and only when
a fact has changed: ``node_textfile_mtime_seconds`` says when that was.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from exporters.prometheus.service.delivery import DeliveryMetrics
from service.delivery.attempts import Attempts, DeliveryError
from service.inventory.metrics_page import NoSnapshotError

_LOOK_SECONDS: Final = 5.0
_LONGEST_WAIT: Final = 300.0
_READABLE_BY_ALL: Final = 0o644
_PIECE: Final = 1 << 18
_AS_GZIP: Final = 16 + zlib.MAX_WBITS


class TextFile:
    """Keeps ``file`` as ``facts`` has it: a page in gzip, the same object while nothing changes."""

    def __init__(
        self, file: Path, facts: Callable[[], Awaitable[bytes]], metrics: DeliveryMetrics
    ) -> None:
        self._file = file
        self._facts = facts
        self._attempts = Attempts("textfile", metrics, _LONGEST_WAIT)

    async def run(self) -> None:
        """Write whenever a fact has changed, until cancelled."""
        written = None
        while True:
            wait = _LOOK_SECONDS
            try:
                page = await self._facts()
                if page is not written:
                    await asyncio.to_thread(replace_file, self._file, page)
                    written = page
                    self._attempts.succeeded()
            except NoSnapshotError:
                pass
            except OSError as error:
                reason = f"{self._file} cannot be written ({error.strerror})"
                wait = self._attempts.failed(DeliveryError(reason))
            await asyncio.sleep(wait)


def replace_file(file: Path, page: bytes) -> None:
    """Put the text of ``page``, in gzip, in the place of ``file``; raises OSError."""
    decompressor = zlib.decompressobj(_AS_GZIP)
    with tempfile.NamedTemporaryFile(
        dir=file.parent, prefix=f".{file.name}.", suffix=".tmp", delete=False
    ) as fresh:
        try:
            rest = page
            while rest:
                fresh.write(decompressor.decompress(rest, _PIECE))
                rest = decompressor.unconsumed_tail
            fresh.write(decompressor.flush())
            fresh.flush()
            os.fchmod(fresh.fileno(), _READABLE_BY_ALL)
            os.fsync(fresh.fileno())
            Path(fresh.name).replace(file)
        except BaseException:
            Path(fresh.name).unlink(missing_ok=True)
            raise
