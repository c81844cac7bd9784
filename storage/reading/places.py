"""Which endpoints a query selects, and endpoints as their rows describe them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from sys import intern
from typing import Any

from sqlalchemy import ColumnElement, exists, or_

from model.observation import Observation
from model.query import Selection
from storage.rows.columns import label_text
from storage.rows.tables import EndpointRow, TargetLabelRow, TargetRow


def with_target(observation: Observation, labels: Mapping[str, str], source: str) -> Observation:
    """The Observation with the owner's current labels and source; its JSON has those of the time of the visit."""
    target = replace(observation.endpoint.target, labels=labels, source=intern(source))
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
        found.append(EndpointRow.key.in_(selection.keys))
    if selection.place is not None:
        found.append(
            or_(
                TargetRow.host == selection.place,
                TargetRow.key == selection.place,
                EndpointRow.key == selection.place,
            )
        )
    return found
