"""How every sink handles failures: log the first of a row, count each, and wait longer each time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import structlog

from exporters.prometheus.service.delivery import DeliveryMetrics

_LOG = structlog.stdlib.get_logger("tlsprobe")
_FIRST_WAIT: Final = 5.0


class DeliveryError(Exception):
    """A delivery failed; the message is a reason without secrets.

    ``retry_after_seconds`` is the wait that the receiver asked for. ``is_refused`` is true if the receiver would
    refuse the same content again.
    """

    def __init__(
        self,
        reason: str,
        *,
        retry_after_seconds: float | None = None,
        is_refused: bool = False,
    ) -> None:
        super().__init__(reason)
        self.retry_after_seconds = retry_after_seconds
        self.is_refused = is_refused


class PartialDeliveryError(DeliveryError):
    """A message was delivered without some of its alerts, whose keys lead to the receiver's reasons.

    The receiver would refuse those of ``refused`` again, and may accept those of ``missed`` later.
    """

    def __init__(self, refused: Mapping[str, str], missed: Mapping[str, str]) -> None:
        first = next(iter((*missed.values(), *refused.values())), "no reason given")
        count = len(refused.keys() | missed.keys())
        super().__init__(
            f"alerts that the receiver did not accept: {count}, the first because of {first}",
            is_refused=not missed,
        )
        self.refused = refused
        self.missed = missed


class Attempts:
    """The attempts of one sink: its metrics, its log, and the wait before the next attempt.

    The wait starts at 5 seconds and doubles up to ``longest_wait_seconds``. After a refusal the wait is the longest
    one at once, because a refusal does not pass by itself.
    """

    def __init__(self, sink: str, metrics: DeliveryMetrics, longest_wait_seconds: float) -> None:
        self._sink = sink
        self._metrics = metrics
        self._longest = longest_wait_seconds
        self._failures = 0
        metrics.begin(sink)

    @property
    def have_failed(self) -> bool:
        """Whether the newest attempt failed."""
        return self._failures > 0

    def succeeded(self) -> None:
        """Count a delivery; log it if the previous attempt failed."""
        if self._failures:
            _LOG.info("a sink works again", sink=self._sink, failures=self._failures)
        self._failures = 0
        self._metrics.delivered(self._sink)

    def refused(self, alerts: Mapping[str, str]) -> None:
        """Log and count each alert that the receiver refuses for good, with its reason."""
        for key, reason in alerts.items():
            _LOG.error("a receiver refuses an alert", sink=self._sink, alert=key, reason=reason)
        self._metrics.refused(self._sink, len(alerts))

    def failed(self, error: DeliveryError) -> float:
        """Count a failure, log the first of a row, and return how many seconds to wait."""
        if not self._failures:
            _LOG.error("a sink fails", sink=self._sink, reason=str(error))
        self._failures += 1
        self._metrics.failed(self._sink, str(error))
        if error.is_refused:
            return self._longest
        doubled = _FIRST_WAIT * float(1 << min(self._failures - 1, 16))
        return max(min(doubled, self._longest), error.retry_after_seconds or 0.0)
