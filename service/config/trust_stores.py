"""Trust stores as users name them: a name, and a PEM file or Mozilla's list as certifi has it."""

from __future__ import annotations

from pathlib import Path

from pki.certificates import check_trust_store


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
