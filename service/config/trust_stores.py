"""Trust stores as users specify them: a name with a PEM file, or Mozilla's list from certifi."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pki.certificates import check_trust_store


def parse_trust_store(text: str) -> tuple[str, Path]:
    """Parse ``NAME=FILE`` as a name and a file.

    Raises:
        ValueError: if the text has another form or the file is not a trust store; the message says how to fix it.
    """
    name, separator, file = text.partition("=")
    if not separator or not file:
        raise ValueError(f"{text!r} must be NAME=FILE, such as internal=/etc/ssl/internal-ca.pem")
    check_trust_store(name, Path(file))
    return name, Path(file)


def check_trust_stores(stores: Mapping[str, Path | None]) -> Mapping[str, Path | None]:
    """The same stores, if there is one and all can be read.

    Raises:
        ValueError: if not; the message says how to fix it.
    """
    if not stores:
        raise ValueError("must name at least one trust store, such as `mozilla: null`")
    for name, file in stores.items():
        check_trust_store(name, file)
    return stores
