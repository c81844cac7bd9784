"""A disk of a few megabytes that a test can fill: a tmpfs, which says ENOSPC as any other does."""

from __future__ import annotations

import errno
import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_AS_ROOT = () if os.geteuid() == 0 else ("sudo", "--non-interactive")
_PIECE = bytes(65_536)


@dataclass(frozen=True, slots=True, kw_only=True)
class SmallDisk:
    """Where it is mounted; anybody may write there."""

    path: Path

    def fill(self) -> None:
        """Leave no byte of room, as another program's log may."""
        with (self.path / "filler").open("ab", buffering=0) as filler:
            try:
                while True:
                    filler.write(_PIECE)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def free(self) -> None:
        """Give the room back."""
        (self.path / "filler").unlink()


@contextmanager
def small_disk(megabytes: int) -> Iterator[SmallDisk]:
    """A disk that is there while the context lasts. Raises CalledProcessError where root is not to be had."""
    path = Path(tempfile.mkdtemp(prefix="tlsprobe-disk-"))
    options = f"size={megabytes}m,mode=1777"
    try:
        subprocess.run(
            [*_AS_ROOT, "mount", "-t", "tmpfs", "-o", options, "tmpfs", path], check=True
        )
        try:
            yield SmallDisk(path=path)
        finally:
            subprocess.run([*_AS_ROOT, "umount", path], check=True)
    finally:
        path.rmdir()
