"""How much a visit may ask of a server: three levels, each of which includes the ones before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum


class Intrusiveness(StrEnum):
    """A level; members are in ascending order. ``docs/reference/intrusiveness.md`` lists what each one sends."""

    SAFE = "safe"
    """Hellos and handshakes that any client might send."""
    STANDARD = "standard"
    """Also forged client certificates, HTTP requests, QUIC, and plaintext requests to the service."""
    FULL = "full"
    """Also malformed and out-of-order messages, and renegotiation: attack traffic without the harm."""

    @property
    def rank(self) -> int:
        """0 for the least intrusive."""
        return list(Intrusiveness).index(self)

    def allows(self, needed: Intrusiveness) -> bool:
        """Whether this level permits questions of level ``needed``."""
        return needed.rank <= self.rank


def words_for_not_asked(needed: Mapping[str, Intrusiveness]) -> Iterator[str]:
    """One phrase for each level in ``needed``: the facts that were not asked, and the level they need."""
    for level in Intrusiveness:
        if names := sorted(name for name, its_level in needed.items() if its_level is level):
            yield f"{', '.join(names)} (needs intrusiveness {level})"


def lower(one: Intrusiveness, other: Intrusiveness) -> Intrusiveness:
    """The less intrusive of the two."""
    return min(one, other, key=lambda level: level.rank)
