"""Entries of the audit log as text: the words that reports and the terminal share."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from model.query import AuditEntry


def audited_by(entry: AuditEntry) -> str:
    """Who made the change, and how that is known."""
    place = "" if entry.address is None else f" from {entry.address}"
    return f"{entry.actor} ({entry.role}, by {entry.method}{place})"


def audited(entry: AuditEntry) -> str:
    """What was changed."""
    return f"{entry.action.replace('_', ' ')}: {entry.subject}"


def audited_value(value: Mapping[str, Any] | None) -> str:
    """The value before or after the change, as JSON on one line; empty if there was none."""
    return "" if value is None else json.dumps(value, sort_keys=True)
