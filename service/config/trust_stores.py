"""Trust stores as users name them: a name, and a PEM file or Mozilla's list as certifi has it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from pki.certificates import load_trust_store

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")


def parse_trust_store(text: str) -> tuple[str, Path]:
    """Name and file of ``NAME=FILE``.

    Raises:
        ValueError: where it is not that, or the file is no trust store, with the mend.
    """
    name, separator, file = text.partition("=")
    if not separator or not file:
        raise ValueError(f"{text!r} must be NAME=FILE, such as internal=/etc/ssl/internal-ca.pem")
    check_trust_store(name, Path(file))
    return name, Path(file)


def check_trust_store(name: str, file: Path | None) -> None:
    """See to it that ``name`` can be a label's value, and that ``file`` holds certificates.

    Raises:
        ValueError: where either cannot be used, with the mend.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(
            f"the trust store's name {name!r} must be letters, digits, '.', '_' and '-', "
            "at most 63 of them"
        )
    load_trust_store(name, file)
