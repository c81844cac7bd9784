"""How many requests of the API one client may send: a bucket of tokens for each token, user or address."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from math import ceil
from typing import Final

from service.http.api.errors import ApiError
from service.http.guard.callers import caller_of
from service.http.guard.principal import Method, Principal

_MOST_CLIENTS: Final = 10_000


class RateLimit:
    """At most ``per_minute`` requests a minute of each client, and as many at once after a pause."""

    def __init__(self, per_minute: int, monotonic: Callable[[], float]) -> None:
        self._per_minute = per_minute
        self._monotonic = monotonic
        self._left: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        """For each client, how many requests were left at what time."""

    def take(self, by: Principal) -> None:
        """Count one request; raises ApiError with the time to wait if none is left."""
        client = _client(by)
        now, rate = self._monotonic(), self._per_minute / 60
        left, at = self._left.pop(client, (float(self._per_minute), now))
        left = min(self._per_minute, left + (now - at) * rate)
        self._left[client] = (max(left - 1, left if left < 1 else 0), now)
        if len(self._left) > _MOST_CLIENTS:
            self._left.popitem(last=False)
        if left < 1:
            raise ApiError(
                429,
                f"{by.name[:100]!r} may send {self._per_minute} requests a minute "
                "(http.api_requests_per_minute): wait as long as Retry-After says",
                headers={"retry-after": str(ceil((1 - left) / rate))},
            )


def _client(by: Principal) -> tuple[str, str]:
    if by.method is Method.NONE:
        return by.method.value, caller_of(by.address or "")
    return by.method.value, by.name
