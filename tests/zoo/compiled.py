"""Programs of the zoo that must be compiled: once for all workers of a run, and again when a source changes."""

from __future__ import annotations

import fcntl
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

_KEPT: Final = Path(__file__).parents[2] / ".cache"


def compiled(source: Path, name: str, build: Callable[[Path], Path]) -> Path:
    """The file ``name`` of the cache; if it is missing or older than its source, ``build`` makes it in a folder.

    Other workers that need it meanwhile wait: a second build would take as much CPU as the first.
    """
    _KEPT.mkdir(exist_ok=True)
    program = _KEPT / name
    with (_KEPT / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
            with tempfile.TemporaryDirectory(dir=_KEPT) as folder:
                build(Path(folder)).replace(program)
    return program
