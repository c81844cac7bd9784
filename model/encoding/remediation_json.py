"""Remediations and guidelines to JSON values and back."""

from __future__ import annotations

from typing import Any, TypeAlias

from model.findings.guideline import GuidedRule, Guideline, ServerGuide
from model.findings.remediation import Remediation

Json: TypeAlias = dict[str, Any]


def remedy_to_json(remedy: Remediation | None) -> Json | None:
    """The remediation, or None if there is none."""
    return None if remedy is None else _to_json(remedy)


def _to_json(remedy: Remediation) -> Json:
    return {"server": remedy.server, "place": remedy.place, "lines": list(remedy.lines)}


def remedy_from_json(fields: Json | None) -> Remediation | None:
    """The remediation that ``remedy_to_json`` wrote. Raises KeyError, TypeError."""
    return None if fields is None else _from_json(fields)


def _from_json(fields: Json) -> Remediation:
    return Remediation(server=fields["server"], place=fields["place"], lines=tuple(fields["lines"]))


def guideline_to_json(guideline: Guideline) -> Json:
    """The guideline with the configuration of every kind of server."""
    return {
        "service": guideline.service,
        "policies": list(guideline.policies),
        "endpoints": guideline.endpoints,
        "rules": [
            {"policy": one.policy, "rule": one.rule, "settings": list(one.settings)}
            for one in guideline.rules
        ],
        "servers": [
            {**_to_json(one.remedy), "uncovered": list(one.uncovered)} for one in guideline.servers
        ],
        "unproved": guideline.unproved,
        "is_contradictory": guideline.is_contradictory,
    }


def guideline_from_json(fields: Json) -> Guideline:
    """The guideline that ``guideline_to_json`` wrote. Raises KeyError, TypeError."""
    return Guideline(
        service=fields["service"],
        policies=tuple(fields["policies"]),
        endpoints=fields["endpoints"],
        rules=tuple(
            GuidedRule(policy=one["policy"], rule=one["rule"], settings=tuple(one["settings"]))
            for one in fields["rules"]
        ),
        servers=tuple(
            ServerGuide(remedy=_from_json(one), uncovered=tuple(one["uncovered"]))
            for one in fields["servers"]
        ),
        unproved=fields["unproved"],
        is_contradictory=fields["is_contradictory"],
    )
