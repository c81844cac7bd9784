"""Targets from the locations that a source has: an invalid location is skipped and reported."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field, replace
from typing import Any, Final, TypeAlias

from discovery.bounds import LONGEST_LABEL, USUAL_MOST_TARGETS, Collected
from discovery.source import Skipped, SourceError, SourceReading
from discovery.targets import TargetError, parse_target
from model.claims import Claim
from model.claims.resource_claim import ResourceClaim
from model.frozen import frozen

_NOT_OF_LABELS: Final = re.compile(r"[^A-Za-z0-9_]")


@frozen
class SourceLocation:
    """A host and port from a source, with its labels and claims; ``place`` says where the source has it.

    An empty ``server_name`` sends none, and without a ``protocol`` the port determines it.
    """

    host: str
    port: int
    server_name: str | None = None
    protocol: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    place: str = ""


Location: TypeAlias = SourceLocation | ResourceClaim | Skipped
"""What a reader yields for each entry."""


JsonObject: TypeAlias = Mapping[str, Any]


def locations_of_objects(
    objects: Iterable[JsonObject],
    place_of: Callable[[JsonObject], str],
    read: Callable[[JsonObject, str], Iterator[Location]],
) -> Iterator[Location]:
    """What ``read`` yields for each object and its place; an object that its API does not allow is skipped."""
    for one in objects:
        place = place_of(one)
        try:
            yield from list(read(one, place))
        except (AttributeError, TypeError, ValueError, LookupError, OverflowError) as error:
            problem = f"the object is invalid ({type(error).__name__}: {error})"
            yield Skipped(place=place, problem=problem)


def read_locations(
    locations: Iterable[Location], source: str, most: int = USUAL_MOST_TARGETS
) -> SourceReading:
    """One target for each valid location, without duplicates, and the claims about resources.

    Raises SourceError for more than ``most`` of them.
    """
    found = Collected(source, most)
    for one in locations:
        if isinstance(one, Skipped):
            found.skip(one)
            continue
        if isinstance(one, ResourceClaim):
            found.claim(replace(one, source=source))
            continue
        host = f"[{one.host}]" if ":" in one.host else one.host
        text = f"{host}:{one.port}"
        try:
            target = parse_target(
                text,
                server_name=one.server_name,
                protocol=one.protocol,
                labels=one.labels,
                source=source,
            )
        except TargetError as error:
            place = one.place or source
            found.skip(Skipped(place=place, problem=str(error), address=text, labels=one.labels))
        else:
            found.add(replace(target, claims=one.claims) if one.claims else target)
    return found.reading


def meta(prefix: str, labels: Mapping[str, Any]) -> dict[str, str]:
    """Labels for relabelling: ``__meta_<prefix>_<name>``; characters not allowed in a label name become ``_``.

    Values longer than ``LONGEST_LABEL`` characters are omitted: rules run regular expressions over them.
    """
    return {
        f"__meta_{prefix}_{_NOT_OF_LABELS.sub('_', name)}": value
        for name, text in labels.items()
        if text is not None and len(value := str(text)) <= LONGEST_LABEL
    }


def mappings(value: Any, what: str) -> Iterator[JsonObject]:
    """The entries of a list of JSON objects; raises SourceError if it is not such a list."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise SourceError(f"{what} must be a list of objects.")
    yield from value
