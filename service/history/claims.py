"""The claim ledger of a database, as text for people and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from exporters.plurals import counted
from exporters.terminal.console import printable
from exporters.wording import CLAIM_VERDICTS
from model.claims import ClaimVerdict
from model.claims.ledger import LedgerEntry, LedgerFilter, entry_to_json, ledger
from service.history.queries import read_snapshot
from service.judging.held_claims import with_claims_held

_LIMIT: Final = 300
_WIDTH: Final = max(map(len, CLAIM_VERDICTS.values()))


async def read_claims(
    database: str, place: str | None, wanted: LedgerFilter, now: datetime
) -> list[LedgerEntry]:
    """The wanted claims of the endpoints that were visited in the last week, and of resources without one.

    Raises:
        PlaceError: if ``place`` denotes no endpoint.
        StoreError: if the database cannot be read.
    """
    snapshot = await read_snapshot(database, place, wanted.labels, now)
    every = ledger(map(with_claims_held, snapshot.endpoints), snapshot.resource_claims)
    return [one for one in every if wanted.has(one)]


def claim_lines(entries: Sequence[LedgerEntry]) -> Iterator[str]:
    """Each claim with its source and what was seen; the last line counts them."""
    for one in entries:
        claim, held = one.held.claim, one.held
        since = "" if one.since is None else f"  since {one.since.astimezone(UTC):%Y-%m-%d %H:%M}"
        verdict = f"{CLAIM_VERDICTS[held.verdict]:<{_WIDTH}}"
        yield f"{verdict}  {_shown(one.holder)}  {_shown(claim.name)}{since}"
        yield f"    {claim.kind}: {_shown(claim.statement)}"
        yield f"    source: {_shown(claim.source)}, {_shown(claim.resource)}"
        yield f"    seen: {_shown(held.observed)}"
    yield _summary(Counter(one.held.verdict for one in entries))


def claims_json(entries: Sequence[LedgerEntry]) -> dict[str, Any]:
    """The same as JSON values."""
    return {"claims": list(map(entry_to_json, entries))}


def _summary(counts: Mapping[ClaimVerdict, int]) -> str:
    if not counts:
        return "no claims: docs/explanation/claims.md says which sources make them"
    words = ", ".join(
        f"{counts[one]} {CLAIM_VERDICTS[one]}" for one in ClaimVerdict if one in counts
    )
    return f"{counted(sum(counts.values()), 'claim')}: {words}"


def _shown(text: str) -> str:
    return printable(text, limit=_LIMIT)
