"""Observations to JSON and back, in the form of ``docs/reference/observation.schema.json``.

``to_json`` and ``from_json`` are inverse, except for the raw DER of certificates, which the JSON omits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from sys import intern
from typing import Any, TypeAlias, TypeVar

from model.claims.claims_json import claims_from_json, claims_to_json
from model.encoding.times_json import time_to_json
from model.observation import SCHEMA_NUMBER, Cost, Mode, Observation, State
from model.sections import SECTIONS, Section
from model.target import Endpoint, Target

Json: TypeAlias = dict[str, Any]
Found = TypeVar("Found")


def to_json(observation: Observation, *, with_evidence: bool = True) -> Json:
    """The Observation as JSON values; ``with_evidence=False`` leaves all evidence out."""
    return {
        "schema": SCHEMA_NUMBER,
        "tool": {"name": "tlsprobe", "version": observation.tool_version},
        "mode": observation.mode.value,
        "target": target_to_json(observation.endpoint.target),
        "address": observation.endpoint.address,
        "started_at": time_to_json(observation.started_at),
        **_cost_to_json(observation.cost),
        "state": observation.state.value,
        "reason": observation.reason,
        **{
            section.name: section.kind.to_json(section.of(observation), with_evidence=with_evidence)
            for section in SECTIONS
            if section.is_written(observation)
        },
    }


def from_json(fields: Json) -> Observation:
    """The Observation that ``to_json`` wrote.

    Raises:
            KeyError, ValueError: if a required property is missing or has an unknown value.
    """
    return observation_of(fields, {section.name: _decoded(section, fields) for section in SECTIONS})


def _decoded(section: Section[Found], fields: Json) -> Found:
    if section.is_required or section.name in fields:
        return section.kind.from_json(fields[section.name])
    return section.kind.nothing()


def observation_of(visit: Json, facts: Mapping[str, Any]) -> Observation:
    """The Observation with the metadata of ``visit`` and the section values of ``facts``, by section name.

    Raises:
        KeyError, ValueError: if a required property is missing or has an unknown value.
    """
    return Observation(
        tool_version=intern(visit["tool"]["version"]),
        mode=Mode(visit["mode"]),
        endpoint=Endpoint(target=target_from_json(visit["target"]), address=visit["address"]),
        started_at=datetime.fromisoformat(visit["started_at"]),
        cost=_cost_from_json(visit),
        state=State(visit["state"]),
        reason=visit["reason"],
        **facts,
    )


def facts_of(observation: Observation) -> dict[str, Any]:
    """The values of an Observation's sections by their names."""
    return {section.name: section.of(observation) for section in SECTIONS}


def target_to_json(target: Target) -> Json:
    """The target, without its source."""
    return {
        "host": target.host,
        "port": target.port,
        "server_name": target.server_name,
        "protocol": target.protocol,
        "labels": dict(target.labels),
        **({"claims": claims_to_json(target.claims)} if target.claims else {}),
    }


def target_from_json(fields: Json, source: str = "") -> Target:
    """The target that ``target_to_json`` wrote. Raises KeyError, ValueError."""
    return Target(
        host=fields["host"],
        port=fields["port"],
        server_name=fields["server_name"],
        protocol=intern(fields["protocol"]),
        labels=dict(fields["labels"]),
        claims=claims_from_json(fields.get("claims", ())),
        source=source,
    )


def _cost_to_json(cost: Cost) -> Json:
    return {
        "duration_seconds": round(cost.duration_seconds, 6),
        "connections": cost.connections,
        "bytes_sent": cost.bytes_sent,
        "bytes_received": cost.bytes_received,
        "throttled": cost.throttled,
        **({"cut_short": True} if cost.cut_short else {}),
    }


def _cost_from_json(fields: Json) -> Cost:
    return Cost(
        duration_seconds=fields["duration_seconds"],
        connections=fields["connections"],
        bytes_sent=fields.get("bytes_sent", 0),
        bytes_received=fields.get("bytes_received", 0),
        throttled=fields.get("throttled", False),
        cut_short=fields.get("cut_short", False),
    )
