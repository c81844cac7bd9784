"""``/api/audit``: who changed what over HTTP or by a signal, newest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from model.encoding.audit_json import audit_to_json
from model.ports import ArchiveReader
from model.query import AuditAction, AuditEntry
from service.http.guard.principal import Principal
from service.http.guard.query import Query, route, whole_number
from service.http.text_answers import json_answer
from storage import StoreError

_MOST_ENTRIES: Final = 1000
_MOST_DAYS: Final = 36_500
_USUAL_ENTRIES: Final = 100
_USUAL_DAYS: Final = 90


def audit_entry(
    by: Principal,
    at: datetime,
    action: AuditAction,
    subject: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> AuditEntry:
    """The entry for a change that ``by`` makes."""
    return AuditEntry(
        at=at,
        actor=by.name,
        method=by.method.value,
        role=by.role.value,
        address=by.address,
        action=action,
        subject=subject,
        before=before,
        after=after,
    )


def audit_route(archive: ArchiveReader, now: Callable[[], datetime]) -> Route:
    """The route, which reads from ``archive``."""

    async def newest(_: Request, query: Query) -> Response:
        limit = _number(query, "limit", _USUAL_ENTRIES, _MOST_ENTRIES)
        days = _number(query, "days", _USUAL_DAYS, _MOST_DAYS)
        try:
            found = await archive.audit_log(since=now() - timedelta(days=days), limit=limit)
        except StoreError as error:
            return json_answer({"error": str(error)}, status_code=503)
        return json_answer({"entries": list(map(audit_to_json, found))})

    return route("/api/audit", newest, once=("days", "limit"))


def _number(query: Query, name: str, usual: int, most: int) -> int:
    text = query.get(name)
    return usual if text is None else whole_number(text, name, most)
