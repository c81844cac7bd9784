"""Records in the audit log what clients and signals make the running service do."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import structlog

from model.query import AuditAction
from model.safe_output.secret_text import SecretMask
from service.config.settings import ServiceSettings
from service.daemon.build import Parts
from service.http.audit import audit_entry
from service.http.guard.principal import Method, Principal
from service.setting_types.roles import Role
from storage import StoreError

_LOG: Final = structlog.stdlib.get_logger("tlsprobe")
SIGHUP: Final = Principal(name="SIGHUP", role=Role.ADMIN, method=Method.SIGNAL)


async def record(
    parts: Parts,
    by: Principal,
    action: AuditAction,
    subject: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Store an entry; if the database cannot store it, the log has it."""
    entry = audit_entry(by, parts.clock.now(), action, subject, before=before, after=after)
    try:
        await parts.store.audit(entry)
    except StoreError as error:
        _LOG.error(
            "an entry of the audit log cannot be stored",
            actor=entry.actor,
            action=entry.action,
            subject=entry.subject,
            reason=str(error),
        )


def changed_settings(
    before: ServiceSettings, after: ServiceSettings, mask: SecretMask
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings that differ, with their values before and after, without secrets."""
    names = [
        name
        for name in ServiceSettings.model_fields
        if getattr(before, name) != getattr(after, name)
    ]
    return _shown(before, names, mask), _shown(after, names, mask)


def _shown(settings: ServiceSettings, names: list[str], mask: SecretMask) -> dict[str, Any]:
    values = settings.model_dump(mode="json", include=set(names))
    shown: dict[str, Any] = json.loads(mask.masked(json.dumps(values)))
    return shown
