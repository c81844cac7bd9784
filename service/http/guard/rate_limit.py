"""How many requests one client may send to the API: a bucket of tokens for each token, user or address."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from service.http.guard.callers import caller_of
from service.http.guard.principal import Method, Principal

_MOST_CLIENTS: Final = 10_000


class RateLimit:
    """At most ``per_minute`` requests a minute of each client, and as many at once after a pause."""

    def __init__(self, per_minute: int, monotonic: Callable[[], float]) -> None:
        self.per_minute = per_minute
        self._monotonic = monotonic
        self._left: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()
        """For each client, how many requests were left at what time."""

    def seconds_to_wait(self, by: Principal) -> float:
        """Count one request, and return 0; or how long the client must wait before it may send one."""
        client = _client(by)
        now, rate = self._monotonic(), self.per_minute / 60
        left, at = self._left.pop(client, (float(self.per_minute), now))
        left = min(self.per_minute, left + (now - at) * rate)
        is_allowed = left >= 1
        self._left[client] = (left - is_allowed, now)
        if len(self._left) > _MOST_CLIENTS:
            self._left.popitem(last=False)
        return 0.0 if is_allowed else (1 - left) / rate


def _client(by: Principal) -> tuple[str, str]:
    if by.method is Method.NONE:
        return by.method.value, caller_of(by.address or "")
    return by.method.value, by.name
