"""Finds certificates in PEM text (RFC 7468), in time that is linear in its length."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from model.frozen import frozen

_BOUNDARY: Final = re.compile(rb"-----(BEGIN|END) (?:X509 )?CERTIFICATE-----")


@frozen
class PemCertificate:
    """One certificate: the ``line`` where it begins, from 1, and its Base64; None if its END line is missing."""

    line: int
    base64: bytes | None


def certificates_in(pem: bytes) -> Iterator[PemCertificate]:
    """The certificates in order; text around them is skipped."""
    begin: re.Match[bytes] | None = None
    line, counted_to = 1, 0
    for boundary in _BOUNDARY.finditer(pem):
        is_end = boundary[1] == b"END"
        if begin is not None:
            line += pem.count(b"\n", counted_to, begin.start())
            counted_to = begin.start()
            body = pem[begin.end() : boundary.start()] if is_end else None
            yield PemCertificate(line=line, base64=body)
        begin = None if is_end else boundary
    if begin is not None:
        line += pem.count(b"\n", counted_to, begin.start())
        yield PemCertificate(line=line, base64=None)
