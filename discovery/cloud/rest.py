"""Asks the REST API of a cloud: it waits as long as the API asks for, and says what a refusal means.

Google Cloud and Azure describe errors alike: ``{"error": {"code": …, "message": …}}``. Other answers are a proxy's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from discovery.apis.json_text import parse_json, read_json
from discovery.apis.web import RefusedError, WebApi
from discovery.source import SourceError
from model.frozen import frozen

_TRIES: Final = 3
_LONGEST_WAIT_SECONDS: Final = 30
"""A longer wait is left to the next reading."""
_LONGEST_MESSAGE: Final = 300
_BUSY: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)


@frozen
class ApiError:
    """The cloud's own word on a refusal: its short name of the reason, ``code``, and its message."""

    code: str
    message: str


@frozen
class Cloud:
    """The name of a cloud, and what its refusals mean and what to do, by reason or else by HTTP status."""

    name: str
    meanings: Mapping[str | int, str]

    def is_permission_missing(self, refused: RefusedError) -> bool:
        """Whether the account lacks a permission, as the cloud itself says."""
        error = _error_in(refused.body)
        if refused.status != HTTPStatus.FORBIDDEN or error is None:
            return False
        return error.code not in self.meanings

    def explain(self, refused: RefusedError) -> str:
        """What the refusal means, as a clause."""
        error = _error_in(refused.body)
        if error is None and refused.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return (
                f"the answer with HTTP status {refused.status} does not come from {self.name}: "
                "check the proxy on the way"
            )
        code = "" if error is None else error.code
        meaning = (
            self.meanings.get(code)
            or self.meanings.get(refused.status)
            or f"failed with HTTP status {refused.status}"
        )
        return meaning if error is None else f"{meaning} ({error.code}: {error.message})"

    async def get(self, api: WebApi, url: str, parameters: Mapping[str, str]) -> Mapping[str, Any]:
        """The JSON object at ``url``.

        Raises:
            RefusedError: if the API refuses it, and still does after the time that it asks to wait.
            SourceError: if it cannot be read, or is not a JSON object.
        """
        text = await _patiently(api, url, parameters)
        try:
            answer = await parse_json(text)
        except ValueError as error:
            raise SourceError(
                f"{url} did not answer with JSON, so the answer does not come from {self.name}: "
                f"check the proxy on the way ({error})."
            ) from error
        if not isinstance(answer, dict):
            raise SourceError(f"{url} did not answer like the API of {self.name}.")
        return answer


async def _patiently(api: WebApi, url: str, parameters: Mapping[str, str]) -> str:
    for _ in range(_TRIES - 1):
        try:
            return await api.get_text(url, parameters)
        except RefusedError as refused:
            seconds = _seconds_to_wait(refused)
            if seconds is None:
                raise
            await asyncio.sleep(seconds)
    return await api.get_text(url, parameters)


def _seconds_to_wait(refused: RefusedError) -> int | None:
    """What Retry-After asks for (RFC 9110, section 10.2.3); None if it asks for nothing, or for too long."""
    text = refused.retry_after
    if refused.status not in _BUSY or not (text.isascii() and text.isdecimal()):
        return None
    seconds = int(text[:9])
    return seconds if seconds <= _LONGEST_WAIT_SECONDS else None


def _error_in(body: str) -> ApiError | None:
    """The cloud's error; None if the body is none."""
    try:
        error = read_json(body)["error"]
        listed = error.get("errors")
        # Google's code is the HTTP status again; its reason is in the list.
        code = listed[0]["reason"] if listed else error.get("status") or error["code"]
        message = " ".join(str(error["message"]).split())[:_LONGEST_MESSAGE]
    except (AttributeError, LookupError, TypeError, ValueError):
        return None
    return ApiError(code=str(code), message=message.rstrip("."))
