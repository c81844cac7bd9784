"""Stores the claims about resources that no target has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

from sqlalchemy import delete, insert
from sqlalchemy.ext.asyncio import AsyncConnection

from model.claims.resource_claim import ResourceClaim, resource_claim_to_json
from storage.rows.record_tables import ResourceClaimRow

_ROWS_AT_ONCE = 500


async def put_resource_claims(
    connection: AsyncConnection,
    claims: Mapping[str, ResourceClaim],
    stored: Mapping[str, ResourceClaim],
) -> None:
    """Make ``stored``, by the keys of the claims, equal to ``claims``; what is in both stays as it is."""
    added = {key for key, one in claims.items() if stored.get(key) != one}
    for some in _parts(added | (stored.keys() - claims.keys())):
        await connection.execute(delete(ResourceClaimRow).where(ResourceClaimRow.key.in_(some)))
    for some in _parts(added):
        rows = [{"key": key, "fields": resource_claim_to_json(claims[key])} for key in some]
        await connection.execute(insert(ResourceClaimRow), rows)


def _parts(keys: Iterable[str]) -> Iterable[list[str]]:
    rest = iter(sorted(keys))
    while some := list(islice(rest, _ROWS_AT_ONCE)):
        yield some
