"""How much a visit may ask of a server: three levels, each with all questions of those before it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import StrEnum


class Intrusiveness(StrEnum):
    """A level; the members stand in rising order. ``docs/reference/intrusiveness.md`` says what each sends."""

    SAFE = "safe"
    """Hellos and handshakes, as any client might send them."""
    STANDARD = "standard"
    """Also forged client certificates, HTTP requests, QUIC, and what the service does without TLS."""
    FULL = "full"
    """Also malformed and out-of-order messages, and renegotiation: what attacks send, short of harm."""

    @property
    def rank(self) -> int:
        """0 for the least intrusive."""
        return list(Intrusiveness).index(self)

    def allows(self, needed: Intrusiveness) -> bool:
        """Whether questions of the level ``needed`` are asked at this one."""
        return needed.rank <= self.rank


def words_for_not_asked(needed: Mapping[str, Intrusiveness]) -> Iterator[str]:
    """One phrase for each level that has facts in ``needed``: what was not asked, and what that takes."""
    for level in Intrusiveness:
        if names := sorted(name for name, its_level in needed.items() if its_level is level):
            yield f"{', '.join(names)} (needs intrusiveness {level})"


def lower(one: Intrusiveness, other: Intrusiveness) -> Intrusiveness:
    """The less intrusive of the two."""
    return min(one, other, key=lambda level: level.rank)
