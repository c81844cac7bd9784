"""When a notifier sends: soon after an event, or in digests at fixed hours of the day (UTC)."""

from __future__ import annotations

from datetime import datetime, time

from model.frozen import frozen


@frozen
class Timing:
    """A message waits ``group_wait_seconds`` for further events; with ``digest_hours``, it waits for the next digest.

    Digests come every ``digest_hours``, one of them at ``digest_at``, grouped by ``group_label``.
    """

    group_wait_seconds: float
    digest_hours: int | None = None
    digest_at: time = time(8)
    group_label: str = "team"

    def digest_number(self, at: datetime) -> int:
        """The number of the digest that covers ``at``; a digest is due when the number rises. 0 without digests."""
        if self.digest_hours is None:
            return 0
        offset = self.digest_at.hour * 3600 + self.digest_at.minute * 60
        return int((at.timestamp() - offset) // (self.digest_hours * 3600))
