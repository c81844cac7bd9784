"""A ProbeRecord as JSON, for the API and the Store."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from model.encoding.times_json import time_from_json, time_to_json
from model.records.probe_record import ProbeRecord, ProbeState, ProbeStep


def step_to_json(step: ProbeStep) -> dict[str, Any]:
    """The JSON of one step."""
    return {"number": step.number, "message": step.text}


def probe_to_json(record: ProbeRecord) -> dict[str, Any]:
    """The JSON; ``observations`` is their number."""
    return {
        "id": record.id,
        "target": record.target,
        "module": record.module,
        "checks": list(record.checks),
        "by": record.by,
        "state": record.state.value,
        "created_at": time_to_json(record.created_at),
        "ended_at": time_to_json(record.ended_at),
        "failure": record.failure,
        "steps": list(map(step_to_json, record.steps)),
        "observations": record.addresses,
    }


def probe_from_json(fields: Mapping[str, Any]) -> ProbeRecord:
    """The record of ``probe_to_json``.

    Raises:
        ValueError: if the JSON is not that of a record.
    """
    try:
        return ProbeRecord(
            id=fields["id"],
            target=fields["target"],
            module=fields["module"],
            checks=tuple(fields["checks"]),
            by=fields["by"],
            state=ProbeState(fields["state"]),
            created_at=datetime.fromisoformat(fields["created_at"]),
            ended_at=time_from_json(fields["ended_at"]),
            failure=fields["failure"],
            steps=tuple(
                ProbeStep(number=one["number"], text=one["message"]) for one in fields["steps"]
            ),
            addresses=fields["observations"],
        )
    except KeyError as error:
        raise ValueError(f"not a probe: it has no {error}") from error
