"""Which endpoints a query selects, how users may name them, and endpoints as their rows describe them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from sys import intern
from typing import Any

from sqlalchemy import ColumnElement, Row, exists, false, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from model.claims.claims_json import claims_from_json
from model.observation import Observation
from model.query import Selection
from storage.rows.columns import label_text
from storage.rows.tables import EndpointRow, TargetLabelRow, TargetRow


def with_target(observation: Observation, row: Row[*tuple[Any, ...]]) -> Observation:
    """The Observation with the current labels, claims and source of ``row``; its JSON has those of the visit's time."""
    target = replace(
        observation.endpoint.target,
        labels=row.labels,
        claims=claims_from_json(row.claims or ()),
        source=intern(row.source),
    )
    return replace(observation, endpoint=replace(observation.endpoint, target=target))


def conditions(selection: Selection) -> list[ColumnElement[Any]]:
    """The conditions for rows of ``endpoints`` joined with ``targets``."""
    found: list[ColumnElement[Any]] = [
        exists().where(
            TargetLabelRow.name == label_text(name),
            TargetLabelRow.value == label_text(value),
            TargetLabelRow.target_id == TargetRow.id,
        )
        for name, value in sorted(selection.labels.items())
    ]
    if selection.keys is not None:
        found.append(has_key_of(selection.keys))
    if selection.place is not None and not _is_storable(selection.place):
        found.append(false())
    elif selection.place is not None:
        found.append(
            or_(
                TargetRow.host == selection.place,
                TargetRow.key == selection.place,
                EndpointRow.key == selection.place,
            )
        )
    return found


def has_key_of(keys: Iterable[str]) -> ColumnElement[bool]:
    """The condition for the endpoints with these keys; those that no database can store are of none."""
    return EndpointRow.key.in_(list(filter(_is_storable, keys)))


def _is_storable(text: str) -> bool:
    """Whether the text has a form in UTF-8, which half of a surrogate pair has not (RFC 3629, section 3)."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


async def read_places(connection: AsyncConnection, text: str, most: int) -> list[str]:
    """The places that ``text`` may denote, at most ``most``: itself if it is one.

    Else the targets at this host and port, whatever their server names and protocols; else those whose key begins
    like this.
    """
    joined = select(EndpointRow.id).join(TargetRow, TargetRow.id == EndpointRow.target_id)
    is_place = joined.where(*conditions(Selection(place=text))).limit(1)
    if (await connection.execute(is_place)).first() is not None:
        return [text]
    host, _, port = text.rpartition(":")
    targets = select(TargetRow.key).order_by(TargetRow.key).limit(most)
    if host and port.isascii() and port.isdecimal():
        at_port = (TargetRow.host == host.strip("[]"), TargetRow.port == int(port[:5]))
        if found := list(await connection.scalars(targets.where(*at_port))):
            return found
    beginning = targets.where(TargetRow.key.startswith(text, autoescape=True))
    return list(await connection.scalars(beginning))
