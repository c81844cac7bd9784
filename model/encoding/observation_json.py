"""Observations to JSON and back, in the form of ``docs/observation.schema.json``.

``to_json`` and ``from_json`` are inverse, but for certificates' raw DER, which stays out of
the JSON.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from sys import intern
from typing import Any, Final, TypeAlias, TypeVar

from model.encoding.certificate_json import deployment_from_json, deployment_to_json
from model.encoding.fact_json import (
    accepted_set_from_json,
    accepted_set_to_json,
    client_auth_from_json,
    client_auth_to_json,
    contradiction_from_json,
    contradiction_to_json,
    dh_from_json,
    dh_to_json,
    fact_from_json,
    fact_to_json,
)
from model.encoding.times_json import time_to_json
from model.intrusiveness import Intrusiveness
from model.observation import SCHEMA_NUMBER, Cost, DhParameters, Mode, Observation, State
from model.protocol_version import ProtocolVersion
from model.target import Endpoint, Target
from model.verdict import Fact

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
        **_facts_to_json(observation, with_evidence=with_evidence),
    }


def from_json(fields: Json) -> Observation:
    """The Observation that ``to_json`` wrote.

    Raises:
        KeyError, ValueError: where a required property is missing or has no known meaning.
    """
    return observation_of(
        fields,
        {
            one.name: one.decode(
                fields[one.name] if one.absent is None else fields.get(one.name, one.absent)
            )
            for one in SECTIONS
        },
    )


def observation_of(visit: Json, facts: Mapping[str, Any]) -> Observation:
    """What ``from_json`` makes of ``visit``, its facts being what SECTIONS decoded, by their names.

    Raises:
        KeyError, ValueError: where a required property is missing or has no known meaning.
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
    """The facts of an Observation by its names for them, as SECTIONS decode them."""
    return {section.name: getattr(observation, section.name) for section in SECTIONS}


def _facts_to_json(observation: Observation, *, with_evidence: bool) -> Json:
    accepted_set = partial(accepted_set_to_json, with_evidence=with_evidence)
    fact = partial(fact_to_json, with_evidence=with_evidence)
    client_auth = partial(client_auth_to_json, with_evidence=with_evidence)
    return {
        "protocols": _by_version(observation.protocols, fact),
        "cipher_suites": _by_version(observation.cipher_suites, accepted_set),
        "groups": _by_version(observation.groups, accepted_set),
        "certificates": [deployment_to_json(item) for item in observation.certificates],
        "client_auth": _by_version(observation.client_auth, client_auth),
        "dh": {
            "primes": [dh_to_json(item, with_evidence=with_evidence) for item in observation.dh]
        },
        "signature_schemes": _by_version(observation.signature_schemes, accepted_set),
        "alpn": list(observation.alpn),
        "features": _by_name(observation.features, fact),
        "vulnerabilities": _by_name(observation.vulnerabilities, fact),
        "plaintext": _by_name(observation.plaintext, fact),
        "http": _by_name(observation.http, fact),
        "fingerprints": dict(sorted(observation.fingerprints.items())),
        "contradictions": [
            contradiction_to_json(item, with_evidence=with_evidence)
            for item in observation.contradictions
        ],
        "not_asked": {name: level.value for name, level in sorted(observation.not_asked.items())},
    }


def target_to_json(target: Target) -> Json:
    """The target, without its source."""
    return {
        "host": target.host,
        "port": target.port,
        "server_name": target.server_name,
        "protocol": target.protocol,
        "labels": dict(target.labels),
    }


def target_from_json(fields: Json, source: str = "") -> Target:
    """The target that ``target_to_json`` wrote. Raises KeyError."""
    return Target(
        host=fields["host"],
        port=fields["port"],
        server_name=fields["server_name"],
        protocol=intern(fields["protocol"]),
        labels=dict(fields["labels"]),
        source=source,
    )


def _cost_to_json(cost: Cost) -> Json:
    return {
        "duration_seconds": round(cost.duration_seconds, 6),
        "connections": cost.connections,
        "bytes_sent": cost.bytes_sent,
        "bytes_received": cost.bytes_received,
        "throttled": cost.throttled,
    }


def _cost_from_json(fields: Json) -> Cost:
    return Cost(
        duration_seconds=fields["duration_seconds"],
        connections=fields["connections"],
        bytes_sent=fields.get("bytes_sent", 0),
        bytes_received=fields.get("bytes_received", 0),
        throttled=fields.get("throttled", False),
    )


def _by_version(
    found: Mapping[ProtocolVersion, Found], encode: Callable[[Found], Json]
) -> dict[str, Json]:
    return {version.label: encode(item) for version, item in sorted(found.items())}


def _by_name(facts: Mapping[str, Fact], encode: Callable[[Fact], Json]) -> dict[str, Json]:
    return {name: encode(item) for name, item in sorted(facts.items())}


def _from_versions(decode: Callable[[Json], Found], fields: Json) -> dict[ProtocolVersion, Found]:
    return {ProtocolVersion.from_label(label): decode(item) for label, item in fields.items()}


def _from_names(fields: Json) -> dict[str, Fact]:
    return {intern(name): fact_from_json(item) for name, item in fields.items()}


def _levels_from_json(fields: Json) -> dict[str, Intrusiveness]:
    return {intern(name): Intrusiveness(level) for name, level in fields.items()}


def _from_list(decode: Callable[[Json], Found], fields: list[Json]) -> tuple[Found, ...]:
    return tuple(map(decode, fields))


def _primes_from_json(fields: Json) -> tuple[DhParameters, ...]:
    return _from_list(dh_from_json, fields.get("primes", []))


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One kind of facts, by its name in the JSON and in the Observation.

    ``absent`` is its JSON where it is missing; None where it must not be.
    """

    name: str
    decode: Callable[[Any], Any]
    absent: Any = None


SECTIONS: Final = (
    Section(name="protocols", decode=partial(_from_versions, fact_from_json)),
    Section(name="cipher_suites", decode=partial(_from_versions, accepted_set_from_json)),
    Section(name="groups", decode=partial(_from_versions, accepted_set_from_json)),
    Section(name="certificates", decode=partial(_from_list, deployment_from_json)),
    Section(name="client_auth", decode=partial(_from_versions, client_auth_from_json)),
    Section(name="dh", decode=_primes_from_json, absent={}),
    Section(
        name="signature_schemes",
        decode=partial(_from_versions, accepted_set_from_json),
        absent={},
    ),
    Section(name="alpn", decode=tuple, absent=()),
    Section(name="features", decode=_from_names, absent={}),
    Section(name="vulnerabilities", decode=_from_names, absent={}),
    Section(name="plaintext", decode=_from_names, absent={}),
    Section(name="http", decode=_from_names, absent={}),
    Section(name="fingerprints", decode=dict, absent={}),
    Section(name="contradictions", decode=partial(_from_list, contradiction_from_json), absent=()),
    Section(name="not_asked", decode=_levels_from_json, absent={}),
)
"""In the order in which ``to_json`` writes them, behind all else."""
