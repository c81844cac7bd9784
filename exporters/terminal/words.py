"""Texts in a report that a server may have chosen: printable, and of limited length."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from exporters.terminal.console import printable
from exporters.terminal.safe_text import SafeText
from model.findings.finding import Severity
from model.target import Endpoint

_NAMES_SHOWN: Final = 8
NAME_LIMIT: Final = 120
"""A certificate may hold any number of names; the report shows the first few, and `--json` has all."""
REASON_LIMIT: Final = 300
SEVERITY_STYLES: Final = {
    Severity.CRITICAL: "bold red",
    Severity.HIGH: "red",
    Severity.MEDIUM: "yellow",
    Severity.LOW: "cyan",
    Severity.INFO: "dim",
}


def listed(names: Iterable[str]) -> SafeText:
    """The first few names, and the number of the others."""
    every = tuple(names)
    shown = SafeText(", ".join(printable(name, limit=NAME_LIMIT) for name in every[:_NAMES_SHOWN]))
    if len(every) > _NAMES_SHOWN:
        shown.append(f" and {len(every) - _NAMES_SHOWN} more", style="dim")
    return shown if every else SafeText("no names", style="magenta")


def endpoint_name(endpoint: Endpoint) -> str:
    """The target, and the address if that is another name for it; printable."""
    name = printable(endpoint.target.key, limit=NAME_LIMIT)
    if endpoint.address in {None, endpoint.target.host}:
        return name
    return f"{name} at {printable(endpoint.address or '')}"


def say(text: str, *, limit: int | None = None) -> SafeText:
    """The text in printable form, cut to the limit."""
    return SafeText(printable(text, limit=limit))


def reason(text: str | None) -> str:
    """A reason as part of a sentence: printable, of limited length, without its full stop."""
    return printable(text or "", limit=REASON_LIMIT).rstrip(".")
