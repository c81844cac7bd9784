"""Remediations to JSON values and back."""

from __future__ import annotations

from typing import Any, TypeAlias

from model.findings.remediation import Remediation

Json: TypeAlias = dict[str, Any]


def remedy_to_json(remedy: Remediation | None) -> Json | None:
    """The remediation, or None if there is none."""
    if remedy is None:
        return None
    return {"server": remedy.server, "place": remedy.place, "lines": list(remedy.lines)}


def remedy_from_json(fields: Json | None) -> Remediation | None:
    """The remediation that ``remedy_to_json`` wrote. Raises KeyError, TypeError."""
    if fields is None:
        return None
    return Remediation(server=fields["server"], place=fields["place"], lines=tuple(fields["lines"]))
