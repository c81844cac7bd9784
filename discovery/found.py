"""Targets from the locations that an API returns: an invalid location is skipped and is not an error."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from discovery.bounds import LONGEST_LABEL, USUAL_MOST_TARGETS, Collected
from discovery.source import SourceError
from discovery.targets import TargetError, parse_target
from model.target import Target

_NOT_OF_LABELS: Final = re.compile(r"[^A-Za-z0-9_]")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceLocation:
    """A host and port from a source, with its labels."""

    host: str
    port: int
    server_name: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


def targets_at(
    places: Iterable[SourceLocation], source: str, most: int = USUAL_MOST_TARGETS
) -> tuple[Target, ...]:
    """One target for each valid location, without duplicates; raises SourceError for more than ``most``."""
    found = Collected(source, most)
    for place in places:
        host = f"[{place.host}]" if ":" in place.host else place.host
        with suppress(TargetError):
            target = parse_target(
                f"{host}:{place.port}",
                server_name=place.server_name,
                labels=place.labels,
                source=source,
            )
            found.add(target)
    return found.targets


def meta(prefix: str, labels: Mapping[str, Any]) -> dict[str, str]:
    """Labels for relabelling: ``__meta_<prefix>_<name>``; characters not allowed in a label name become ``_``.

    Values longer than ``LONGEST_LABEL`` characters are omitted: rules run regular expressions over them.
    """
    return {
        f"__meta_{prefix}_{_NOT_OF_LABELS.sub('_', name)}": value
        for name, text in labels.items()
        if text is not None and len(value := str(text)) <= LONGEST_LABEL
    }


def mappings(value: Any, what: str) -> Iterator[Mapping[str, Any]]:
    """The entries of a list of JSON objects; raises SourceError if it is not such a list."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise SourceError(f"{what} must be a list of objects.")
    yield from value
