"""A disk of a few megabytes that a test can fill: a tmpfs, which reports ENOSPC like any other disk."""

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
    """Its mount point; every user may write there."""

    path: Path

    def fill(self) -> None:
        """Fill the disk completely, as another program's log may do."""
        with (self.path / "filler").open("ab", buffering=0) as filler:
            try:
                while True:
                    filler.write(_PIECE)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise

    def free(self) -> None:
        """Free the space."""
        (self.path / "filler").unlink()


@contextmanager
def small_disk(megabytes: int) -> Iterator[SmallDisk]:
    """A disk that exists while the context lasts. Raises CalledProcessError without root privileges."""
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
