"""The time by which ages are counted when old data are deleted: not any time that the clock may show.

A clock that jumps forward by a year would make everything old at once, and deletion cannot be undone. So the time of
the last deletion is stored. Where the clock is further ahead of it than a service that deletes daily can be, time
goes on from there at twice the pace of this process, measured by a clock that nobody sets: a machine that was off
for a month catches up within a month, and a wrong clock does no harm before somebody has been warned for long.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.rows.tables import MomentRow, StatusRow

PLAUSIBLE_GAP: Final = timedelta(days=3)
"""Between two deletions: a weekend without power is no reason to warn."""

_NAME: Final = "retention"
_PACE: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionTime:
    """``at`` is the time to count ages from, ``last`` that of the deletion before, ``now`` the clock's."""

    at: datetime
    last: datetime
    now: datetime

    @property
    def held_back(self) -> timedelta:
        """How far the clock is ahead of ``at``; zero where it is believed."""
        return self.now - self.at

    @property
    def clock_behind(self) -> timedelta:
        """How far the clock is behind the last deletion, where that is too far to be an adjustment; else zero."""
        behind = self.last - self.now
        return behind if behind > PLAUSIBLE_GAP else timedelta()


async def read_retention_time(
    connection: AsyncConnection, now: datetime, running: timedelta, *, is_clock_right: bool = False
) -> RetentionTime:
    """The time that ages are to be counted from.

    Args:
        connection: to the database.
        now: what the clock shows.
        running: how long this process has run since it last deleted, or since it began.
        is_clock_right: whether a person has confirmed the clock.
    """
    last = await connection.scalar(select(MomentRow.at).where(MomentRow.name == _NAME))
    if last is None:
        # Of a database that nothing was deleted from yet, the newest visit says when it was in use.
        last = await connection.scalar(select(func.max(StatusRow.started_at)))
    if last is None or is_clock_right or now - last <= PLAUSIBLE_GAP:
        return RetentionTime(at=now, last=last or now, now=now)
    return RetentionTime(at=min(now, last + _PACE * running), last=last, now=now)


async def write_retention_time(
    connection: AsyncConnection, found: RetentionTime, *, is_clock_right: bool = False
) -> None:
    """Store that data were deleted by that time; it goes back only where a person confirmed the clock."""
    at = found.at if is_clock_right else max(found.at, found.last)
    await connection.execute(delete(MomentRow).where(MomentRow.name == _NAME))
    await connection.execute(insert(MomentRow).values(name=_NAME, at=at))
