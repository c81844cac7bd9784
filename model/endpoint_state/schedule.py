"""The Schedule of an endpoint: when it is due next, and how its recent visits ended."""

from __future__ import annotations

from datetime import datetime

from model.frozen import frozen


@frozen
class Schedule:
    """When one endpoint is due next; survives restarts through the Store.

    ``enumerated_at`` is the time of the last full visit, None if there was none.
    """

    endpoint_key: str
    due_at: datetime
    interval_seconds: float
    consecutive_failures: int
    enumerated_at: datetime | None = None
