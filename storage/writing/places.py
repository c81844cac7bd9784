"""Writes targets with their labels, and endpoints: new ones, and changed labels of known ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from model.claims.claims_json import claims_to_json
from model.target import Endpoint, Target
from storage.rows.columns import label_text
from storage.rows.tables import EndpointRow, TargetLabelRow, TargetRow
from storage.writing.insert_new import insert_new


async def add_endpoints(
    connection: AsyncConnection, endpoints: Sequence[Endpoint]
) -> dict[str, int]:
    """The id of each of ``endpoints`` by its key; endpoints without an id get one."""
    target_ids = await _add_targets(connection, {one.target.key: one.target for one in endpoints})
    keys = sorted(one.key for one in endpoints)
    by_key = {one.key: one for one in endpoints}
    await insert_new(
        connection,
        EndpointRow,
        [
            {
                "key": key,
                "target_id": target_ids[by_key[key].target.key],
                "address": by_key[key].address,
            }
            for key in keys
        ],
    )
    found = await connection.execute(
        select(EndpointRow.key, EndpointRow.id).where(EndpointRow.key.in_(keys))
    )
    return {row.key: row.id for row in found}


async def describe_again(connection: AsyncConnection, targets: Mapping[int, Target]) -> None:
    """Update the labels, claims and source of targets, by their ids."""
    for target_id, target in sorted(targets.items()):
        await connection.execute(
            update(TargetRow)
            .where(TargetRow.id == target_id)
            .values(
                labels=dict(target.labels),
                claims=claims_to_json(target.claims) or None,
                source=target.source,
            )
        )
    await _write_labels(connection, targets)


async def _add_targets(
    connection: AsyncConnection, targets: Mapping[str, Target]
) -> dict[str, int]:
    keys = sorted(targets)
    known = await _target_ids(connection, keys)
    new = [key for key in keys if key not in known]
    await insert_new(connection, TargetRow, [_target_values(targets[key]) for key in new])
    ids = await _target_ids(connection, keys)
    await _write_labels(connection, {ids[key]: targets[key] for key in new})
    # Another address of a known target may come with newer labels.
    await describe_again(connection, {ids[key]: targets[key] for key in known})
    return ids


async def _target_ids(connection: AsyncConnection, keys: Iterable[str]) -> dict[str, int]:
    found = await connection.execute(
        select(TargetRow.key, TargetRow.id).where(TargetRow.key.in_(keys))
    )
    return {row.key: row.id for row in found}


def _target_values(target: Target) -> dict[str, Any]:
    return {
        "key": target.key,
        "host": target.host,
        "port": target.port,
        "server_name": target.server_name,
        "protocol": target.protocol,
        "labels": dict(target.labels),
        "claims": claims_to_json(target.claims) or None,
        "source": target.source,
    }


async def _write_labels(connection: AsyncConnection, targets: Mapping[int, Target]) -> None:
    if not targets:
        return
    await connection.execute(
        delete(TargetLabelRow).where(TargetLabelRow.target_id.in_(list(targets)))
    )
    labels = {
        (label_text(name), label_text(value), target_id)
        for target_id, target in targets.items()
        for name, value in target.labels.items()
    }
    if labels:
        await connection.execute(
            insert(TargetLabelRow),
            [
                {"name": name, "value": value, "target_id": target_id}
                for name, value, target_id in sorted(labels)
            ],
        )
