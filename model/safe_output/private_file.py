"""Files with data about an inventory: new files are readable by their owner only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

PRIVATE_MODE: Final = 0o600


def open_private(path: str, flags: int) -> int:
    """An opener for ``open``: a new file gets ``PRIVATE_MODE``; raises OSError."""
    return os.open(path, flags, PRIVATE_MODE)


def make_private(path: Path) -> None:
    """Create an empty private file.

    Raises:
        FileExistsError: if the file exists; it stays unchanged.
        OSError: if the file cannot be created.
    """
    with open(path, "xb", opener=open_private):
        """Nothing is written."""
