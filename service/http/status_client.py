"""Gets the status of a running service, and formats it as text."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
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
    """There is no status; the message is one sentence that says how to fix it, ``reason`` only what happened."""

    def __init__(self, message: str, reason: str) -> None:
        super().__init__(message)
        self.reason = reason


class NotListeningError(StatusError):
    """Nothing listens there."""


class RefusedError(StatusError):
    """The service answers, and refuses this client; ``reason`` is its sentence."""


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
        message = f"--url must begin with http:// or https://, not {url!r}"
        raise StatusError(message, "invalid URL")
    return get_status(url, _token(token_file), partial(_context, ca_file))


def get_status(
    url: str, token: str | None, new_context: Callable[[], ssl.SSLContext]
) -> dict[str, Any]:
    """The same, with a bearer token if any, and the context of TLS for an https URL; raises StatusError."""
    place = f"{url.rstrip('/')}/-/status"
    code, body = _get(place, token, new_context)
    if code in _REFUSALS:
        text = printable(body.decode("utf-8", "replace").strip(), limit=_LIMIT)
        raise RefusedError(f"{place}: {text}", text)
    if code != _OK:
        raise _no_service(place, f"HTTP {code}")
    try:
        status = json.loads(body)
    except ValueError as error:
        raise _no_service(place, "the answer is not JSON") from error
    if not isinstance(status, dict) or "lag_seconds" not in status:
        reason = "not a tlsprobe service"
        raise StatusError(f"{place} is {reason}: give the service's --url", reason)
    return status


def _token(file: Path | None) -> str | None:
    try:
        return read_secret("token", None, file)
    except ValueError as error:
        raise StatusError(str(error), "no token") from error


def _get(
    place: str, token: str | None, new_context: Callable[[], ssl.SSLContext]
) -> tuple[int, bytes]:
    """The status code and the body; raises StatusError.

    The standard library asks: another HTTP client takes longer to load than to ask.
    """
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    try:
        connection = _connection_to(place, new_context)
        with closing(connection):
            accepted = {"Accept": "application/json", **headers}
            connection.request("GET", urlsplit(place).path, headers=accepted)
            answer = connection.getresponse()
            return answer.status, answer.read(_LONGEST_ANSWER)
    except ConnectionRefusedError as error:
        raise _no_service(place, error.strerror or "refused", NotListeningError) from error
    except OSError as error:
        raise _no_service(place, error.strerror or str(error) or "no answer") from error
    except (InvalidURL, ValueError) as error:
        raise _no_service(place, "invalid URL") from error
    except HTTPException as error:
        raise _no_service(place, "the answer is not HTTP") from error


def _connection_to(place: str, new_context: Callable[[], ssl.SSLContext]) -> HTTPConnection:
    """Raises ValueError if the URL has no valid port, and what ``new_context`` raises."""
    parts = urlsplit(place)
    host = parts.hostname or ""
    if parts.scheme == "http":
        return HTTPConnection(host, parts.port, timeout=_TIMEOUT_SECONDS)
    return HTTPSConnection(host, parts.port, timeout=_TIMEOUT_SECONDS, context=new_context())


def _context(ca_file: Path | None) -> ssl.SSLContext:
    """Raises StatusError if ``ca_file`` cannot be used."""
    import certifi

    try:
        return ssl.create_default_context(cafile=str(ca_file or certifi.where()))
    except OSError as error:
        raise StatusError(
            f"--ca-file {ca_file} has no certificates in PEM, or cannot be read: use another file",
            "no certificates",
        ) from error


def _no_service(place: str, reason: str, kind: type[StatusError] = StatusError) -> StatusError:
    shown = printable(reason, limit=_LIMIT)
    return kind(
        f"no tlsprobe service answers at {place} ({shown}): start one, or give its --url", shown
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
