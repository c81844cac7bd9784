"""Gets the status of a running service, and formats it as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

import httpx

from exporters.reports.words import counted
from exporters.terminal.console import printable

_TIMEOUT_SECONDS: Final = 10.0
_LIMIT: Final = 200


class StatusError(Exception):
    """There is no status; the message is one sentence that says how to fix it."""


def ask_status(url: str) -> dict[str, Any]:
    """The status of the service at ``url``.

    Raises:
        StatusError: if no service answers.
    """
    if not url.startswith(("http://", "https://")):
        raise StatusError(f"--url must begin with http:// or https://, not {url!r}")
    place = f"{url.rstrip('/')}/-/status"
    try:
        answer = httpx.get(place, timeout=_TIMEOUT_SECONDS, trust_env=False)
        if answer.status_code == httpx.codes.MISDIRECTED_REQUEST:
            raise StatusError(f"{place}: {printable(answer.text.strip(), limit=_LIMIT)}")
        status = answer.raise_for_status().json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        raise StatusError(
            f"no tlsprobe service answers at {place} ({_reason(error)}): start one, or give its --url"
        ) from error
    if not isinstance(status, dict) or "lag_seconds" not in status:
        raise StatusError(f"{place} is not a tlsprobe service: give the service's --url")
    return status


def _reason(error: Exception) -> str:
    """What happened, without the number that the system has for it."""
    if isinstance(error, httpx.HTTPStatusError):
        return f"HTTP {error.response.status_code}"
    if isinstance(error, httpx.HTTPError):
        return re.sub(r"^\[Errno -?\d+\] ", "", str(error)) or "no answer"
    return "the answer is not JSON" if not isinstance(error, httpx.InvalidURL) else "invalid URL"


def status_lines(status: Mapping[str, Any]) -> Iterator[str]:
    """The status as text for people."""
    yield from (printable(line, limit=_LIMIT) for line in _lines(status))


def _lines(status: Mapping[str, Any]) -> Iterator[str]:
    rate = status["endpoints_probed_recently"] / status["recent_seconds"]
    yield f"tlsprobe {status['version']}, since {status['started_at']}"
    yield (
        f"endpoints  {status['endpoints']} known, {status['endpoints_probed']} visited, "
        f"{status['endpoints_failing']} failing"
    )
    yield (
        f"visits     {status['probes_in_flight']} in flight, {status['queue_length']} waiting, "
        f"{rate:.2f} a second"
    )
    yield f"lag        {status['lag_seconds']:.1f} s"
    for policy, counts in status.get("compliance", {}).items():
        yield (
            f"policy     {policy}: {counts['yes']} compliant, {counts['no']} not compliant, "
            f"{counts['unknown']} unknown"
        )
    if status.get("compliance"):
        counts = ", ".join(f"{count} {word}" for word, count in status["findings"].items() if count)
        yield f"findings   {counts or 'none'}"
    for name, targets in status["sources"].items():
        error = status["source_errors"].get(name) or status["source_warnings"].get(name)
        yield f"source     {name}: {counted(targets, 'target')}" + (
            f"; fails: {error}" if error else ""
        )
    for one in status["worst"]:
        reason = one["reason"] or one["state"]
        yield f"failing    {one['endpoint']}: {counted(one['consecutive_failures'], 'time')}; {reason}"
