"""Chooses which of Prometheus' two formats a scraper gets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.openmetrics.exposition import CONTENT_TYPE_LATEST
from starlette.requests import Request

_OPENMETRICS: Final = "application/openmetrics-text"
_VERSIONS: Final = frozenset({"", "1.0.0"})


def wants_openmetrics(request: Request) -> bool:
    """Whether the Accept header (RFC 9110 section 12.5.1) lists OpenMetrics 1.0.0, with or without the version."""
    return any(
        media == _OPENMETRICS and version in _VERSIONS
        for media, version in _media(request.headers.get("accept", ""))
    )


def content_type(*, is_openmetrics: bool) -> str:
    """The format's full media type."""
    return CONTENT_TYPE_LATEST if is_openmetrics else CONTENT_TYPE_PLAIN_0_0_4


def _media(accept: str) -> Iterator[tuple[str, str]]:
    """Each media type with its version, or an empty text."""
    for one in accept.split(","):
        media, *parameters = (part.strip().lower() for part in one.split(";"))
        versions = (part.partition("=")[2] for part in parameters if part.startswith("version="))
        yield media, next(versions, "").strip('"')
