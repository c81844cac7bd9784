"""How fast AWS is asked: one token bucket for each account, service and region, as AWS counts requests itself."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Final

RATE: Final = 5.0
"""Requests a second: half of what AWS allows for calls such as DescribeListeners, and all of Route 53's five."""
BURST: Final = 10.0
"""Requests at once: what AWS allows for ACM's GetCertificate."""
_RATES: Final[Mapping[str, float]] = {"cloudtrail": 1.0, "securityhub": 1.5}
"""Of services that AWS allows less a second: half of LookupEvents' two, and of GetFindings' three."""
_BURSTS: Final[Mapping[str, float]] = {"cloudtrail": 1.0, "route53": 5.0, "securityhub": 5.0}
"""Of services that AWS allows less at once."""


class TokenBucket:
    """Lets ``burst`` requests pass at once, and then ``rate`` a second; threads share it."""

    def __init__(
        self,
        rate: float = RATE,
        burst: float = BURST,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate = rate
        self._burst = burst
        self._clock = clock
        self._tokens = burst
        self._at = clock()
        self._lock = threading.Lock()

    def take(self) -> float:
        """Takes a token; the result is the seconds to wait before the request is sent."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate) - 1
            self._at = now
            return max(0.0, -self._tokens / self._rate)


def bucket_of(service: str, clock: Callable[[], float] = time.monotonic) -> TokenBucket:
    """The bucket for requests to a service."""
    return TokenBucket(_RATES.get(service, RATE), _BURSTS.get(service, BURST), clock)


class Limits:
    """The buckets of one source; a request waits for its own, and ``stop`` ends all waits."""

    def __init__(self) -> None:
        self._buckets: dict[tuple[str, str, str], TokenBucket] = {}
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def wait(self, account: str, service: str, region: str) -> bool:
        """Waits until a request may be sent; False if the source was stopped."""
        key = (account, service, region)
        with self._lock:
            bucket = self._buckets.get(key) or self._buckets.setdefault(key, bucket_of(service))
        return not self._stopped.wait(bucket.take())

    def stop(self) -> None:
        """Ends all waits, and lets no further request pass."""
        self._stopped.set()
