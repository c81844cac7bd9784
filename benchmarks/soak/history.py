"""Compares what was planted, and the visits in the log, with what the service has stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from benchmarks.soak.fleet import PLANTED_FACTS, Member, Planted
from model.comparisons.change import Change
from model.query import EVERYWHERE
from storage import open_reader

_EVERYTHING = 10_000_000


async def history_problems(
    database: str, members: Sequence[Member], visits: Mapping[str, int]
) -> list[str]:
    """One sentence for each change and each visit that is missing or too many.

    ``visits`` are those in the log, by endpoint key.
    """
    async with await open_reader(database) as reader:
        changes = await reader.changes(limit=_EVERYTHING)
        periods = await reader.history(EVERYWHERE, limit=_EVERYTHING)
    by_address: dict[str, list[Change]] = {}
    for change in changes:
        by_address.setdefault(address_of(change.endpoint_key), []).append(change)
    stored: Counter[str] = Counter()
    for period in periods:
        stored[period.endpoint_key] += period.visits
    return [
        *(
            sentence
            for member in members
            for sentence in change_problems(member, by_address.get(member.address, []))
        ),
        *visit_problems(visits, stored),
    ]


def address_of(endpoint_key: str) -> str:
    """The address in the key of an endpoint."""
    return endpoint_key.rpartition("@")[2]


def change_problems(member: Member, changes: Sequence[Change]) -> Iterator[str]:
    """One sentence for each planted change that is not in ``changes`` once, and for each other change."""
    planted = Counter(member.planted)
    shown = [one for one in changes if one.fact in PLANTED_FACTS]
    found = Counter(Planted(one.fact, one.after) for one in shown)
    for one, count in (planted - found).items():
        yield f"{member.name}: {one.fact} became {one.after} and the history lacks it {count} times"
    for one, count in (found - planted).items():
        yield f"{member.name}: {one.fact} became {one.after} in the history {count} times too often"
    moments = {one.at for one in shown}
    for change in changes:
        if change.fact not in PLANTED_FACTS and change.at not in moments:
            yield f"{member.name}: no server changed, and the history says: {change.sentence}"


def visit_problems(visits: Mapping[str, int], stored: Mapping[str, int]) -> Iterator[str]:
    """One sentence for each endpoint whose visits in the log are not the stored ones."""
    for key in sorted(visits.keys() | stored.keys()):
        logged, kept = visits.get(key, 0), stored.get(key, 0)
        if logged != kept:
            yield f"{key}: {logged} visits ended and {kept} are stored"
