"""Host names from lists: plain text with one name per line, or the feed of a certificate transparency monitor.

In JSON (a list, or one object per line) the names are in ``dns_names`` (Cert Spotter) and ``name_value``
(crt.sh). A wildcard is replaced by the name below it, because clients cannot request a wildcard.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from discovery.apis.json_text import read_json
from discovery.apis.web import WebApi
from discovery.bounds import USUAL_MOST_TARGETS
from discovery.found import SourceLocation, read_locations
from discovery.source import SourceError, SourceReading


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
    places = (
        SourceLocation(host=name, port=port, place=place)
        for place, text in texts.items()
        for name in names_in(text)
        for port in ports
    )
    return await asyncio.to_thread(read_locations, places, source, most)


def names_in(text: str) -> Iterator[str]:
    """The names of one feed, in feed order."""
    for value in _values(text):
        for name in _of_value(value):
            bare = name.strip().removeprefix("*.")
            if bare and not bare.startswith("#"):
                yield bare


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{file} cannot be read as text: {error}.") from error


def _values(text: str) -> Iterable[Any]:
    if text.lstrip().startswith("["):
        try:
            value = read_json(text)
        except ValueError as error:
            raise SourceError(
                f"A list of names starts like JSON, but it is not valid: {error}."
            ) from error
        yield from value if isinstance(value, list) else ()
        return
    for line in text.splitlines():
        if line.lstrip().startswith("{"):
            try:
                yield read_json(line)
            except ValueError as error:
                raise SourceError(
                    f"A line of a list of names starts like JSON, but it is not valid: {error}."
                ) from error
        else:
            yield line


def _of_value(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, dict):
        return []
    listed = value.get("dns_names")
    if isinstance(listed, list):
        return [str(name) for name in listed]
    return str(value.get("name_value") or "").split("\n")
