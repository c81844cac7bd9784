"""Groups visits into jobs: a job holds visits of one zone, and all waiting visits to one address.

While a job with an address is out, further requests for that address wait. So the limits per address, which
each worker process enforces for itself, hold across all workers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

from model.frozen import frozen
from service.fleet.request import Request, queue_of

_MOST_OF_AN_ADDRESS: Final = 4
"""A job for one address with many names may have this many times the usual size; the rest get the next job."""

Place: TypeAlias = tuple[str, str]
"""A queue and an address."""


@frozen
class Batch:
    """The visits of one job."""

    queue: str
    requests: tuple[Request, ...]

    @property
    def addresses(self) -> frozenset[str]:
        """All addresses that the job connects to."""
        return frozenset(request.address for request in self.requests)


class Batches:
    """Requests that wait for a job, ``size`` per job; an address that was taken is out until ``over``."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._waiting: dict[Place, dict[str, Request]] = {}
        self._free: dict[str, dict[str, None]] = {}
        self._out: Counter[str] = Counter()

    def __len__(self) -> int:
        """How many requests wait."""
        return sum(map(len, self._waiting.values()))

    def add(self, request: Request) -> None:
        """Add a request; of two requests for one endpoint, the newer replaces the older."""
        queue, address = _place(request)
        self._waiting.setdefault((queue, address), {})[request.key] = request
        free = self._free.setdefault(queue, {})
        if address not in self._out:
            free[address] = None

    def discard(self, request: Request) -> None:
        """Remove the request, if it is waiting."""
        place = _place(request)
        waiting = self._waiting.get(place)
        if waiting is None:
            return
        waiting.pop(request.key, None)
        if not waiting:
            del self._waiting[place]
            self._free[place[0]].pop(place[1], None)

    def are_out(self, addresses: Iterable[str]) -> None:
        """Mark the addresses as part of a job that is out, from this leader or an earlier one."""
        for address in addresses:
            self._out[address] += 1
            for free in self._free.values():
                free.pop(address, None)

    def over(self, addresses: Iterable[str]) -> None:
        """Mark a job with these addresses as finished."""
        for address in addresses:
            self._out[address] -= 1
            if self._out[address] > 0:
                continue
            del self._out[address]
            for queue, free in self._free.items():
                if (queue, address) in self._waiting:
                    free[address] = None

    def take(self) -> list[Batch]:
        """Take all jobs that can be sent now."""
        batches: list[Batch] = []
        for queue, free in self._free.items():
            gathered: list[Request] = []
            for address in list(free):
                found = self._take_address(queue, address)
                if gathered and len(gathered) + len(found) > self._size:
                    batches.append(Batch(queue=queue, requests=tuple(gathered)))
                    gathered = []
                gathered += found
                self.are_out([address])
            if gathered:
                batches.append(Batch(queue=queue, requests=tuple(gathered)))
        return batches

    def _take_address(self, queue: str, address: str) -> Sequence[Request]:
        waiting = self._waiting[queue, address]
        keys = list(waiting)[: self._size * _MOST_OF_AN_ADDRESS]
        found = [waiting.pop(key) for key in keys]
        if not waiting:
            del self._waiting[queue, address]
        return found


def _place(request: Request) -> Place:
    return queue_of(request.endpoint.target), request.address
