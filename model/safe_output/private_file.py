"""Files that hold what was learned about an inventory: a new one is readable by its owner only."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

PRIVATE_MODE: Final = 0o600


def open_private(path: str, flags: int) -> int:
    """An opener for ``open``: a file that is made gets ``PRIVATE_MODE``; raises OSError."""
    return os.open(path, flags, PRIVATE_MODE)


def make_private(path: Path) -> None:
    """Make an empty private file.

    Raises:
        FileExistsError: where there is one, which stays as it is.
        OSError: where none can be made.
    """
    with open(path, "xb", opener=open_private):
        """Nothing is written."""
