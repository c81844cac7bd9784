"""Entries of the audit log as JSON values, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from model.encoding.times_json import time_from_json, time_to_json
from model.query import AuditEntry


def audit_to_json(entry: AuditEntry) -> dict[str, Any]:
    """The entry as JSON values."""
    return {
        "at": time_to_json(entry.at),
        "actor": entry.actor,
        "method": entry.method,
        "role": entry.role,
        "address": entry.address,
        "action": entry.action,
        "subject": entry.subject,
        "before": None if entry.before is None else dict(entry.before),
        "after": None if entry.after is None else dict(entry.after),
    }


def audit_from_json(fields: Mapping[str, Any]) -> AuditEntry:
    """The entry that ``audit_to_json`` wrote; raises KeyError, TypeError and ValueError."""
    return AuditEntry(**{**fields, "at": time_from_json(fields["at"])})
