"""The time from which ages are counted when old data are deleted; it does not follow the clock blindly.

A clock that jumps forward by a year would make everything old at once, and deletion cannot be undone. So the time of
the last deletion is stored. If the clock is further ahead of it than is plausible for a service that deletes daily,
time continues from there at twice the speed of this process, measured by a monotonic clock. A machine that was off
for a month catches up within a month, and a wrong clock does no harm until long after the first warning.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.frozen import frozen
from storage.rows.tables import MomentRow, StatusRow

PLAUSIBLE_GAP: Final = timedelta(days=3)
"""The gap between two deletions that needs no warning, such as a weekend without power."""

_NAME: Final = "retention"
_PACE: Final = 2


@frozen
class RetentionTime:
    """``at`` is the time from which ages are counted, ``last`` that of the previous deletion, ``now`` the clock's."""

    at: datetime
    last: datetime
    now: datetime

    @property
    def held_back(self) -> timedelta:
        """How far the clock is ahead of ``at``; zero if the clock is believed."""
        return self.now - self.at

    @property
    def clock_behind(self) -> timedelta:
        """How far the clock is behind the last deletion, if that is too far for an adjustment; else zero."""
        behind = self.last - self.now
        return behind if behind > PLAUSIBLE_GAP else timedelta()


async def read_retention_time(
    connection: AsyncConnection, now: datetime, running: timedelta, *, is_clock_right: bool = False
) -> RetentionTime:
    """The time from which ages are counted.

    Args:
        connection: a connection to the database.
        now: the time of the clock.
        running: how long this process has run since its last deletion, or since its start.
        is_clock_right: whether a person has confirmed the clock.
    """
    last = await connection.scalar(select(MomentRow.at).where(MomentRow.name == _NAME))
    if last is None:
        # If nothing was ever deleted, the newest visit shows when the database was last in use.
        last = await connection.scalar(select(func.max(StatusRow.started_at)))
    if last is None or is_clock_right or now - last <= PLAUSIBLE_GAP:
        return RetentionTime(at=now, last=last or now, now=now)
    return RetentionTime(at=min(now, last + _PACE * running), last=last, now=now)


async def write_retention_time(
    connection: AsyncConnection, found: RetentionTime, *, is_clock_right: bool = False
) -> None:
    """Store that data were deleted as of that time; it moves back only if a person confirmed the clock."""
    at = found.at if is_clock_right else max(found.at, found.last)
    await connection.execute(delete(MomentRow).where(MomentRow.name == _NAME))
    await connection.execute(insert(MomentRow).values(name=_NAME, at=at))
