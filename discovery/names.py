"""Host names from lists: plain text with one name per line, or the feed of a certificate transparency monitor.

In JSON (a list, or one object per line) the names are in ``dns_names`` (Cert Spotter) and ``name_value``
(crt.sh). A wildcard is replaced by the name below it, because clients cannot request a wildcard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from discovery.apis.json_text import read_json
from discovery.apis.web import WebApi
from discovery.bounds import USUAL_MOST_TARGETS
from discovery.found import Location, SourceLocation, read_locations
from discovery.source import Skipped, SourceError, SourceReading


async def read_names(
    files: Sequence[Path],
    apis: Sequence[WebApi],
    ports: Sequence[int],
    source: str,
    most: int = USUAL_MOST_TARGETS,
) -> SourceReading:
    """Each name at each port; raises SourceError."""
    texts = {str(file): await asyncio.to_thread(_text, file) for file in files}
    for api in apis:
        texts[api.url] = await api.get_text(api.url)
    places = (place for feed, text in texts.items() for place in locations_in(text, feed, ports))
    return await asyncio.to_thread(read_locations, places, source, most)


def locations_in(text: str, feed: str, ports: Sequence[int]) -> Iterator[Location]:
    """Each name of one feed at each port, in feed order."""
    for place, value in _values(text, feed):
        names = _of_value(value)
        if names is None:
            yield Skipped(place=place, problem="it has neither dns_names nor name_value")
            continue
        for name in names:
            bare = name.strip().removeprefix("*.")
            if bare and not bare.startswith("#"):
                yield from (SourceLocation(host=bare, port=port, place=place) for port in ports)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{file} cannot be read as text: {error}.") from error


def _values(text: str, feed: str) -> Iterator[tuple[str, Any]]:
    """Each entry of the feed with its place."""
    if text.lstrip().startswith("["):
        for number, value in enumerate(_json(text, feed), start=1):
            yield f"{feed}, entry {number}", value
        return
    for number, line in enumerate(text.split("\n"), start=1):
        place = f"{feed}, line {number}"
        yield place, _json(line, place) if line.lstrip().startswith("{") else line


def _json(text: str, place: str) -> Any:
    try:
        return read_json(text)
    except ValueError as error:
        raise SourceError(f"{place} starts like JSON, but it is not valid: {error}.") from error


def _of_value(value: Any) -> list[str] | None:
    """The names of an entry; None if it has another form."""
    match value:
        case str():
            return [value]
        case {"dns_names": [*listed]}:
            return [str(name) for name in listed]
        case {"name_value": names}:
            return str(names or "").split("\n")
        case _:
            return None
