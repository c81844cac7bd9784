"""The last complete reading of each part of a cloud, for a part that later cannot be read as a whole."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Final, Generic, TypeVar

from discovery.found import Location
from model.frozen import frozen

Part = TypeVar("Part")
USUAL_STALE_SECONDS: Final = 86_400.0


@frozen
class _Complete:
    """What a part had when all of it could be read."""

    at: float
    locations: tuple[Location, ...]


class LastReadings(Generic[Part]):
    """What each part had; after ``max_stale_seconds``, what could be read of it counts again."""

    def __init__(
        self, max_stale_seconds: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_stale_seconds = max_stale_seconds
        self._clock = clock
        self._complete: dict[Part, _Complete] = {}

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts that were once read as a whole."""
        return tuple(self._complete)

    def settle(
        self, part: Part, locations: Iterable[Location], *, is_complete: bool
    ) -> Sequence[Location]:
        """What the part has, as just read; if that is not complete, its last complete reading instead, if there is one."""
        read = tuple(locations)
        if is_complete:
            self._complete[part] = _Complete(at=self._clock(), locations=read)
            return read
        last = self.last(part)
        return read if last is None else last

    def last(self, part: Part) -> Sequence[Location] | None:
        """The last complete reading of a part; None if there is none, or if it is too old."""
        last = self._complete.get(part)
        if last is None or self._clock() - last.at > self._max_stale_seconds:
            return None
        return last.locations
