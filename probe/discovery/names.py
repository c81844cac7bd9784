"""Names from lists: plain text, one a line, or the feed of a certificate transparency monitor.

Of JSON, a list or one object a line, the names are those of ``dns_names`` (Cert Spotter) and ``name_value``
(crt.sh). A wildcard stands for the name below it, for no one can ask for a star.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from model.target import Target
from probe.discovery.found import Place, targets_at
from probe.discovery.source import SourceError
from probe.discovery.web import WebApi


async def read_names(
    files: Sequence[Path], apis: Sequence[WebApi], ports: Sequence[int], source: str
) -> tuple[Target, ...]:
    """Each name at each port; raises SourceError."""
    texts = [_text(file) for file in files]
    texts += [await api.get_text(api.url) for api in apis]
    names = dict.fromkeys(name for text in texts for name in names_in(text))
    return targets_at((Place(host=name, port=port) for name in names for port in ports), source)


def names_in(text: str) -> Iterator[str]:
    """The names of one feed, in its order."""
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
            value = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise SourceError("A list of names begins as JSON and is none.") from error
        yield from value if isinstance(value, list) else ()
        return
    for line in text.splitlines():
        if line.lstrip().startswith("{"):
            try:
                yield json.loads(line)
            except (ValueError, RecursionError) as error:
                raise SourceError("A line of a list of names is no JSON.") from error
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
