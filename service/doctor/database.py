"""Examines the database and the clock, which the database's server and another web server can confirm."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from model.safe_output.secret_text import masked_url
from pki.net_guard.gate import Purpose, SocketGate
from pki.net_guard.http_client import HttpClient, HttpError, HttpRequest
from service.config.settings import ServiceSettings
from service.doctor.diagnosis import Condition, Diagnosis
from storage import StoreError
from storage.maintenance import DatabaseCondition, examine_database

_NOTICEABLE_SECONDS: Final = 5.0
_MOST_SECONDS: Final = 60.0
_SYNCHRONIZE: Final = (
    "synchronize this machine's clock, for example with chrony or systemd-timesyncd"
)


async def examine_database_and_clock(
    settings: ServiceSettings, date_from: str | None
) -> AsyncIterator[Diagnosis]:
    """The database, and the clock against the database and the web server ``date_from``."""
    before = datetime.now(UTC)
    try:
        found = await asyncio.to_thread(examine_database, settings.database)
    except StoreError as error:
        yield _unusable(settings.database, str(error))
    else:
        visited = found.newest_visit_at
        newest = "no visit yet" if visited is None else f"newest visit {visited:%Y-%m-%d %H:%M} UTC"
        yield Diagnosis(
            name="database",
            found=f"{found.name}: schema {found.revision}, {newest}",
            details={"revision": found.revision},
        )
        yield _clock_by_database(found, before)
    if date_from is not None:
        yield await _clock_by_server(date_from, settings.gate)


def _unusable(url: str, problem: str) -> Diagnosis:
    is_new_file = url.startswith("sqlite") and "does not exist" in problem
    return Diagnosis(
        name="database",
        found=f"{masked_url(url)}: not created yet" if is_new_file else problem,
        condition=Condition.WARNING if is_new_file else Condition.FAILED,
        fix="start `tlsprobe serve`, or run `tlsprobe db upgrade`, which create it"
        if is_new_file
        else "correct `database`, start the database's server, or run `tlsprobe db upgrade`",
    )


def _clock_by_database(found: DatabaseCondition, before: datetime) -> Diagnosis:
    """By the server's clock, which answered between ``before`` and now; else by the stored visits."""
    now = datetime.now(UTC)
    if found.server_time is not None:
        ahead = max((before - found.server_time).total_seconds(), 0.0)
        behind = max((found.server_time - now).total_seconds(), 0.0)
        return clock_diagnosis(ahead - behind, "the database's server")
    visited = found.newest_visit_at
    behind = 0.0 if visited is None else max((visited - now).total_seconds(), 0.0)
    return clock_diagnosis(-behind, "the newest visit in the database")


async def _clock_by_server(url: str, gate: SocketGate) -> Diagnosis:
    """By the Date header (RFC 9110, section 6.6.1), which has whole seconds."""
    shown = masked_url(url)
    before = datetime.now(UTC)
    try:
        async with HttpClient(gate, Purpose.SOURCE).ask(HttpRequest(url=url)) as answer:
            date = parsedate_to_datetime(answer.headers.get("date", ""))
    except (HttpError, ValueError) as error:
        problem = str(error) if isinstance(error, HttpError) else "sent no valid Date header"
        return Diagnosis(
            name="clock",
            found=f"{shown} {problem}",
            condition=Condition.WARNING,
            fix="give --date-from the URL of another web server",
        )
    ahead = max((before - date).total_seconds() - 1.0, 0.0)
    behind = max((date - datetime.now(UTC)).total_seconds(), 0.0)
    return clock_diagnosis(ahead - behind, shown)


def clock_diagnosis(ahead_seconds: float, reference: str) -> Diagnosis:
    """The clock that is so far ahead of a reference, or behind it if the number is negative."""
    size = abs(ahead_seconds)
    side = "ahead of" if ahead_seconds > 0 else "behind"
    details = {"reference": reference, "ahead_seconds": round(ahead_seconds, 3)}
    if size < _NOTICEABLE_SECONDS:
        found = f"agrees with {reference} within {_NOTICEABLE_SECONDS:g} s"
        return Diagnosis(name="clock", found=found, details=details)
    return Diagnosis(
        name="clock",
        found=f"is {size:.0f} s {side} {reference}",
        condition=Condition.FAILED if size > _MOST_SECONDS else Condition.WARNING,
        fix=_SYNCHRONIZE,
        details=details,
    )
