"""Labels that declare what a server is configured to serve, for comparison with what it serves (model.declaration)."""

from __future__ import annotations

import hashlib
import re
import ssl
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from model.protocol_version import ProtocolVersion
from model.target_labels import EXPECTED_CERTIFICATE, EXPECTED_PROTOCOLS

_FIRST_CERTIFICATE: Final = re.compile(
    r"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL
)
_LARGEST_FILE_BYTES: Final = 1 << 20
_MOST_FILES: Final = 1_000


def declaring(
    certificates: Iterable[str], protocols: Iterable[ProtocolVersion] = ()
) -> dict[str, str]:
    """The labels for these certificate hashes (SHA-256) and versions; empty if nothing is declared."""
    said = {
        EXPECTED_CERTIFICATE: ",".join(sorted(set(certificates))),
        EXPECTED_PROTOCOLS: ",".join(version.label for version in sorted(set(protocols))),
    }
    return {label: text for label, text in said.items() if text}


def leaf_sha256(pem: str) -> str | None:
    """The SHA-256 of the first certificate in PEM text, which is the server's own; None if there is none."""
    found = _FIRST_CERTIFICATE.search(pem)
    if found is None:
        return None
    try:
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(found[0])).hexdigest()
    except ValueError:
        return None


def leaves_in(paths: Sequence[Path]) -> tuple[str, ...] | None:
    """The SHA-256 of the leaf in each file, and in each file of a directory.

    None if one of the paths cannot be read, because the declaration is then unknown.
    """
    found: list[str] = []
    try:
        files = [file for path in paths for file in _files(path)]
        for file in files[:_MOST_FILES]:
            with file.open("rb") as opened:
                text = opened.read(_LARGEST_FILE_BYTES).decode("ascii", "replace")
            sha256 = leaf_sha256(text)
            found += [] if sha256 is None else [sha256]
    except OSError:
        return None
    return tuple(found)


def _files(path: Path) -> list[Path]:
    if path.is_dir():
        return sorted(one for one in path.iterdir() if one.is_file())
    return [path]
