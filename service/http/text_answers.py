"""Answers that quote a client or an error: nothing in them can affect a terminal, and every text can be sent."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import PlainTextResponse, Response

from model.safe_output.printable import printable

API: Final = "/api/v1"
OPENAPI: Final = "/api/openapi.json"


def text_answer(
    text: object, status_code: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """The lines of ``text`` as plain text."""
    lines = "".join(f"{printable(line)}\n" for line in str(text).splitlines())
    return PlainTextResponse(lines, status_code=status_code, headers=headers)


def json_bytes(value: Any) -> bytes:
    """``value`` as JSON in ASCII: Starlette's own response fails on half of a surrogate pair."""
    # json escapes everything but ASCII, and all control characters but this one.
    return json.dumps(value).replace("\x7f", "\\u007f").encode()


def json_answer(value: Any, status_code: int = 200) -> Response:
    """``value`` as JSON."""
    return Response(json_bytes(value), status_code=status_code, media_type="application/json")


def problem_answer(
    status_code: int,
    detail: str,
    headers: Mapping[str, str] | None = None,
    errors: Sequence[Mapping[str, str]] = (),
) -> Response:
    """Problem details (RFC 9457): ``detail`` says what to change, ``errors`` where in the request it is wrong."""
    value: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status_code).phrase,
        "status": status_code,
        "detail": detail,
    }
    if errors:
        value["errors"] = [dict(one) for one in errors]
    return Response(
        json_bytes(value) + b"\n",
        status_code=status_code,
        headers=headers,
        media_type="application/problem+json",
    )


def refused_answer(
    path: str, sentence: str, status_code: int, headers: Mapping[str, str] | None = None
) -> Response:
    """Why a request for ``path`` is refused: problem details for the API, else text."""
    if path in {OPENAPI, API} or path.startswith(f"{API}/"):
        return problem_answer(status_code, sentence, headers)
    return text_answer(sentence, status_code, headers)
