"""Answers that quote a client or an error: nothing in them can affect a terminal, and every text can be sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from model.safe_output.printable import printable


def text_answer(
    text: object, status_code: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """The lines of ``text`` as plain text."""
    lines = "".join(f"{printable(line)}\n" for line in str(text).splitlines())
    return PlainTextResponse(lines, status_code=status_code, headers=headers)


def json_answer(value: Any, status_code: int = 200) -> Response:
    """``value`` as JSON in ASCII: Starlette's own response fails on half of a surrogate pair."""
    return Response(json.dumps(value), status_code=status_code, media_type="application/json")


def page_answer(page: str, headers: Mapping[str, str]) -> Response:
    """A page of HTML that ``html_templates`` or our own text made."""
    return HTMLResponse(page, headers=headers)
