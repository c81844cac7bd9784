"""Gets the status of a running service, and formats it as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPException, HTTPSConnection, InvalidURL
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from exporters.plurals import counted
from model.safe_output.printable import printable
from service.setting_types.secrets import read_secret

_TIMEOUT_SECONDS: Final = 10.0
_LONGEST_ANSWER: Final = 2**24
_LIMIT: Final = 200
_OK: Final = 200
_REFUSALS: Final = (401, 403, 421, 429)


class StatusError(Exception):
    """There is no status; the message is one sentence that says how to fix it."""


def ask_status(
    url: str, token_file: Path | None = None, ca_file: Path | None = None
) -> dict[str, Any]:
    """The status of the service at ``url``.

    Args:
        url: its URL, without a path.
        token_file: contains a bearer token for it.
        ca_file: the certificates (PEM) that its certificate is verified by; without it, Mozilla's.

    Raises:
        StatusError: if no service answers, or it refuses.
    """
    if not url.startswith(("http://", "https://")):
        raise StatusError(f"--url must begin with http:// or https://, not {url!r}")
    place = f"{url.rstrip('/')}/-/status"
    code, body = _get(place, _credentials(token_file), ca_file)
    if code in _REFUSALS:
        text = body.decode("utf-8", "replace").strip()
        raise StatusError(f"{place}: {printable(text, limit=_LIMIT)}")
    if code != _OK:
        raise _no_service(place, f"HTTP {code}")
    try:
        status = json.loads(body)
    except ValueError as error:
        raise _no_service(place, "the answer is not JSON") from error
    if not isinstance(status, dict) or "lag_seconds" not in status:
        raise StatusError(f"{place} is not a tlsprobe service: give the service's --url")
    return status


def _credentials(token_file: Path | None) -> dict[str, str]:
    try:
        token = read_secret("token", None, token_file)
    except ValueError as error:
        raise StatusError(str(error)) from error
    return {} if token is None else {"Authorization": f"Bearer {token}"}


def _get(place: str, headers: Mapping[str, str], ca_file: Path | None) -> tuple[int, bytes]:
    """The status code and the body; raises StatusError.

    The standard library asks: another HTTP client takes longer to load than to ask.
    """
    try:
        connection = _connection_to(place, ca_file)
        with closing(connection):
            accepted = {"Accept": "application/json", **headers}
            connection.request("GET", urlsplit(place).path, headers=accepted)
            answer = connection.getresponse()
            return answer.status, answer.read(_LONGEST_ANSWER)
    except OSError as error:
        raise _no_service(place, error.strerror or str(error) or "no answer") from error
    except (InvalidURL, ValueError) as error:
        raise _no_service(place, "invalid URL") from error
    except HTTPException as error:
        raise _no_service(place, "the answer is not HTTP") from error


def _connection_to(place: str, ca_file: Path | None) -> HTTPConnection:
    """Raises ValueError if the URL has no valid port, and StatusError if ``ca_file`` cannot be used."""
    parts = urlsplit(place)
    host = parts.hostname or ""
    if parts.scheme == "http":
        return HTTPConnection(host, parts.port, timeout=_TIMEOUT_SECONDS)
    import ssl

    import certifi

    try:
        context = ssl.create_default_context(cafile=str(ca_file or certifi.where()))
    except OSError as error:
        raise StatusError(
            f"--ca-file {ca_file} has no certificates in PEM, or cannot be read: use another file"
        ) from error
    return HTTPSConnection(host, parts.port, timeout=_TIMEOUT_SECONDS, context=context)


def _no_service(place: str, reason: str) -> StatusError:
    return StatusError(
        f"no tlsprobe service answers at {place} ({printable(reason, limit=_LIMIT)}): start one, or give its --url"
    )


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
