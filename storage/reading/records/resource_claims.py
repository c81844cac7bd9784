"""Reads the claims about resources that no target has."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.claims.resource_claim import ResourceClaim, resource_claim_from_json
from model.query import Selection
from storage.rows.record_tables import ResourceClaimRow


async def read_resource_claims(connection: AsyncConnection) -> Sequence[ResourceClaim]:
    """All of them, by the keys of the claims."""
    found = await connection.scalars(select(ResourceClaimRow.fields).order_by(ResourceClaimRow.key))
    return [resource_claim_from_json(fields) for fields in found]


async def read_resource_claims_at(
    connection: AsyncConnection, moment: datetime, selection: Selection
) -> tuple[ResourceClaim, ...]:
    """Those that were read by ``moment`` and have the labels of ``selection``; none if it is one endpoint's."""
    if selection.place is not None:
        return ()
    return tuple(
        one
        for one in await read_resource_claims(connection)
        if selection.labels.items() <= one.labels.items()
        and (one.claim.read_at is None or one.claim.read_at <= moment)
    )
