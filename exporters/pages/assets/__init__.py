"""The files that pages load: a stylesheet, a picture for the tab, and htmx. A file's name changes with its content."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Final

from model.frozen import frozen

_SHOWN_DIGITS: Final = 16


@frozen
class Asset:
    """One file; ``name`` contains the start of its SHA-256, so a browser may keep it for as long as it likes."""

    name: str
    media_type: str
    content: bytes


def _asset(stem: str, suffix: str, media_type: str) -> Asset:
    content = (files(__package__) / f"{stem}.{suffix}").read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:_SHOWN_DIGITS]
    return Asset(name=f"{stem}.{digest}.{suffix}", media_type=media_type, content=content)


STYLESHEET: Final = _asset("pages", "css", "text/css; charset=utf-8")
ICON: Final = _asset("icon", "svg", "image/svg+xml")
HTMX: Final = _asset("htmx.min", "js", "text/javascript; charset=utf-8")

ASSETS: Final[Mapping[str, Asset]] = {one.name: one for one in (STYLESHEET, ICON, HTMX)}
"""All of them by name."""
