"""One fact with its proof, and the path that names it."""

from __future__ import annotations

import re
from typing import Final

from model.frozen import frozen
from model.verdict import Evidence

_TOKEN: Final = re.compile(r"(?:d?tls|ssl)v\d(?:\.\d)?|[^.]+")


@frozen
class Explanation:
    """One verdict with its evidence.

    ``path`` names the fact as Changes do, ``title`` as people do, with the version it is for. ``details`` are
    lines about a fact that no single answer proves, such as a chain's certificates; ``more`` are further lines
    for readers who want everything.
    """

    path: str
    title: str
    verdict: str
    value: str | None = None
    evidence: Evidence | None = None
    details: tuple[str, ...] = ()
    more: tuple[str, ...] = ()


def tokens(path: str) -> tuple[str, ...]:
    """The parts of a path in lower case; a version such as ``TLSv1.0`` is one part."""
    return tuple(_TOKEN.findall(path.lower()))


def covers(pattern: str, path: str) -> bool:
    """Whether ``pattern`` names the fact at ``path``, or a group of facts that contains it.

    Both begin with the same section. Parts may be left out between others: ``certificates.trust`` covers
    ``certificates.rsa.trust.mozilla``.
    """
    wanted, parts = tokens(pattern), tokens(path)
    if wanted[:1] != parts[:1]:
        return False
    rest = iter(parts)
    return all(one in rest for one in wanted)
