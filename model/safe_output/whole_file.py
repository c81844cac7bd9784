"""Files that are written whole or not at all, also if the process is interrupted meanwhile."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from stat import S_IMODE
from typing import BinaryIO


@contextmanager
def whole_file(path: Path) -> Iterator[BinaryIO]:
    """What is written in the block takes the place of ``path`` at its end; if it fails, ``path`` stays as it was.

    A new file gets the usual mode. What is not a regular file, such as a pipe or /dev/stdout, is written directly.

    Raises:
        OSError: if the file cannot be written; it names ``path``.
    """
    if path.is_symlink() or (path.exists() and not path.is_file()):
        with path.open("wb") as file:
            yield file
        return
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        with fresh.open("xb") as file:
            if path.exists():
                os.fchmod(file.fileno(), S_IMODE(path.stat().st_mode))
            yield file
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        fresh.unlink(missing_ok=True)
