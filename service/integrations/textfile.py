"""The inventory's metrics as a file for node_exporter's textfile collector.

The file is written under another name and then renamed, so that no reader sees half of it. It is written only
after a fact changed: ``node_textfile_mtime_seconds`` is the time of the last change.
"""

from __future__ import annotations

import asyncio
import os
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Final, TypeAlias

from pydantic import AfterValidator

from exporters.prometheus.service.delivery import DeliveryMetrics
from model.safe_output.whole_file import whole_file
from service.integrations.attempts import Attempts, DeliveryError

_LOOK_SECONDS: Final = 5.0
_LONGEST_WAIT: Final = 300.0
_READABLE_BY_ALL: Final = 0o644
_PIECE: Final = 1 << 18
_AS_GZIP: Final = 16 + zlib.MAX_WBITS


def _check_file(file: Path) -> Path:
    if file.suffix != ".prom":
        raise ValueError(f"{file} must end in .prom: node_exporter reads only such files")
    if not file.parent.is_dir():
        raise ValueError(f"the directory {file.parent} does not exist: create it")
    return file


TextfilePath: TypeAlias = Annotated[Path, AfterValidator(_check_file)]
"""The setting ``push.textfile``."""


class TextFile:
    """Writes the gzip page that ``facts`` returns to ``file``.

    ``facts`` returns the same object while nothing changes, and None if there is no page yet.
    """

    def __init__(
        self, file: Path, facts: Callable[[], Awaitable[bytes | None]], metrics: DeliveryMetrics
    ) -> None:
        self._file = file
        self._facts = facts
        self._attempts = Attempts("textfile", metrics, _LONGEST_WAIT)

    async def run(self) -> None:
        """Write the file whenever a fact has changed, until cancelled."""
        written: bytes | None = None
        while True:
            wait = _LOOK_SECONDS
            try:
                page = await self._facts()
                if page is not None and page is not written:
                    await asyncio.to_thread(replace_file, self._file, page)
                    written = page
                    self._attempts.succeeded()
            except OSError as error:
                reason = f"{self._file} cannot be written ({error.strerror})"
                wait = self._attempts.failed(DeliveryError(reason))
            await asyncio.sleep(wait)


def replace_file(file: Path, page: bytes) -> None:
    """Replace ``file`` with the text of the gzip ``page``; raises OSError."""
    decompressor = zlib.decompressobj(_AS_GZIP)
    with whole_file(file) as fresh:
        rest = page
        while rest:
            fresh.write(decompressor.decompress(rest, _PIECE))
            rest = decompressor.unconsumed_tail
        fresh.write(decompressor.flush())
        os.fchmod(fresh.fileno(), _READABLE_BY_ALL)
