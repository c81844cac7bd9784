"""Reads a bill of materials (CycloneDX 1.6 or 1.7, JSON): services, cryptographic assets, and which uses which.

An entry of another form than the schema says is skipped, with its place; only a text without a bill fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, TypeAlias

from discovery.apis.json_text import read_json
from discovery.source import Skipped
from model.frozen import frozen

Json: TypeAlias = Mapping[str, Any]
Skip: TypeAlias = Callable[[Skipped], None]
"""Takes an entry that is skipped."""

_VERSIONS: Final = frozenset({"1.6", "1.7"})
_FORM: Final = "use a bill of materials in CycloneDX 1.6 or 1.7, written as JSON"
_ASSET: Final = "cryptographic-asset"
_COMPLETE: Final = frozenset({"complete", "not_specified"})
"""Of a composition that says so, or says nothing, a bill counts as complete."""
_LONGEST_NAME: Final = 200


class BillError(ValueError):
    """The text has another form; the message says where, and what to do."""


@frozen
class BillService:
    """A service; ``uses`` are the references that it depends on, ``is_complete`` whether the bill may lack some."""

    name: str
    place: str
    endpoints: tuple[str, ...]
    uses: tuple[str, ...]
    is_complete: bool


@frozen
class Bill:
    """One bill: cryptographic assets by reference, those that may be incomplete, and when it was made (aware)."""

    services: tuple[BillService, ...]
    assets: Mapping[str, Json]
    incomplete: frozenset[str]
    made_at: datetime | None


def read_bill(text: str, skip: Skip) -> Bill:
    """The bill in ``text``; entries of another form go to ``skip``.

    Raises:
        BillError: if the text is not JSON, or no bill of CycloneDX 1.6 or 1.7.
    """
    try:
        value = read_json(text)
    except ValueError as error:
        raise BillError(f"is not valid JSON: {error}: write it again") from error
    if not isinstance(value, dict) or value.get("bomFormat") != "CycloneDX":
        raise BillError(f"has no bomFormat CycloneDX: {_FORM}")
    if value.get("specVersion") not in _VERSIONS:
        raise BillError(f"has the specVersion {str(value.get('specVersion'))[:20]!r}: {_FORM}")
    incomplete, is_whole = _compositions(value.get("compositions"), skip)
    uses = _dependencies(value.get("dependencies"), skip)
    return Bill(
        services=tuple(_services(value.get("services"), uses, incomplete, skip, is_whole=is_whole)),
        assets=_assets(value.get("components"), skip),
        incomplete=incomplete,
        made_at=_made_at(value.get("metadata")),
    )


def name_of(entry: Json) -> str:
    """The name of a service or component, short enough to be shown."""
    return str(entry.get("name") or entry.get("bom-ref") or "without a name")[:_LONGEST_NAME]


def texts(value: Any) -> tuple[str, ...]:
    """The texts in a list; anything else has none."""
    return tuple(one for one in value if isinstance(one, str)) if isinstance(value, list) else ()


def objects(value: Any) -> tuple[Json, ...]:
    """The objects in a list; anything else has none."""
    return tuple(one for one in value if isinstance(one, dict)) if isinstance(value, list) else ()


def as_object(value: Any) -> Json:
    """The value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def time_of(value: Any) -> datetime | None:
    """An aware time of RFC 3339; None for anything else."""
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return None if found is None or found.tzinfo is None else found


def _entries(value: Any, place: str, skip: Skip, nested: str = "") -> Iterator[tuple[str, Json]]:
    """The objects of a list with their places, and those of the list ``nested`` in each."""
    waiting = [(place, value)]
    while waiting:
        within, several = waiting.pop()
        if several is None:
            continue
        if not isinstance(several, list):
            skip(Skipped(place=within, problem="it must be a list"))
            continue
        for number, one in enumerate(several):
            at = f"{within}[{number}]"
            if not isinstance(one, dict):
                skip(Skipped(place=at, problem="it must be an object"))
                continue
            yield at, one
            if nested in one:
                waiting.append((f"{at}.{nested}", one[nested]))


def _assets(value: Any, skip: Skip) -> dict[str, Json]:
    found: dict[str, Json] = {}
    for place, one in _entries(value, "components", skip, "components"):
        if one.get("type") != _ASSET:
            continue
        reference = one.get("bom-ref")
        if not isinstance(reference, str):
            problem = f"{name_of(one)} has no bom-ref, so no service can use it"
            skip(Skipped(place=place, problem=problem))
        elif reference in found:
            problem = f"the bom-ref {reference[:_LONGEST_NAME]!r} is taken by an earlier component"
            skip(Skipped(place=place, problem=problem))
        else:
            found[reference] = one
    return found


def _services(
    value: Any,
    uses: Mapping[str, tuple[str, ...]],
    incomplete: frozenset[str],
    skip: Skip,
    *,
    is_whole: bool,
) -> Iterator[BillService]:
    for place, one in _entries(value, "services", skip, "services"):
        reference = one.get("bom-ref")
        known = reference if isinstance(reference, str) else ""
        if endpoints := texts(one.get("endpoints")):
            yield BillService(
                name=name_of(one),
                place=place,
                endpoints=endpoints,
                uses=uses.get(known, ()),
                is_complete=is_whole and known not in incomplete,
            )
        else:
            skip(Skipped(place=place, problem=f"the service {name_of(one)} has no endpoints"))


def _dependencies(value: Any, skip: Skip) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for place, one in _entries(value, "dependencies", skip):
        reference = one.get("ref")
        if isinstance(reference, str):
            found.setdefault(reference, {}).update(dict.fromkeys(texts(one.get("dependsOn"))))
        else:
            skip(Skipped(place=place, problem="it has no ref"))
    return {reference: tuple(several) for reference, several in found.items()}


def _compositions(value: Any, skip: Skip) -> tuple[frozenset[str], bool]:
    """The references of which a bill may lack something, and whether it may lack nothing else."""
    found: set[str] = set()
    is_whole = True
    for _, one in _entries(value, "compositions", skip):
        if one.get("aggregate", "not_specified") in _COMPLETE:
            continue
        about = (*texts(one.get("assemblies")), *texts(one.get("dependencies")))
        found.update(about)
        is_whole = is_whole and bool(about)
    return frozenset(found), is_whole


def _made_at(metadata: Any) -> datetime | None:
    return time_of(as_object(metadata).get("timestamp"))
