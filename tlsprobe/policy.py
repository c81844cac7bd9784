"""Judging Observations: by the profiles that come with tlsprobe, or by policy files of your own.

A policy is given by a profile's name (``"mozilla-intermediate"``), a file's path (``"policies.yml"``), or
what ``load`` returned. docs/reference/policy.md says what profiles there are and what a file may hold.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeAlias

from model.findings.finding import (
    Assessment,
    Finding,
    FindingStatus,
    Outcome,
    RuleResult,
    Severity,
    Waiver,
)
from model.observation import Observation
from policy import Policy, PolicySet, findings_of, read_policies
from policy import PolicyError as _FileError
from policy import assess as _assess
from policy.files.profiles import profiles as _profiles
from tlsprobe.errors import InputError, PolicyError

__all__ = [
    "Assessment",
    "Finding",
    "FindingStatus",
    "Outcome",
    "Policy",
    "PolicySet",
    "PolicySource",
    "RuleResult",
    "Severity",
    "Waiver",
    "assess",
    "findings",
    "load",
    "profiles",
]

PolicySource: TypeAlias = str | os.PathLike[str] | Policy | PolicySet
"""A profile's name, a policy file's path, or a policy that was loaded already."""


def profiles() -> tuple[str, ...]:
    """The names of the profiles that come with tlsprobe, sorted."""
    return tuple(sorted(_profiles()))


def load(*sources: PolicySource) -> PolicySet:
    """The policies and waivers of these files and profiles, read once for many Observations.

    Its ``remarks`` are sentences on what is odd in the files and not an error, such as an expired waiver.

    Raises:
        PolicyError: for a file or name that cannot be used, with the line and how to fix it.
    """
    return _read(sources, datetime.now(UTC))


def assess(
    observation: Observation, *policies: PolicySource, at: datetime | None = None
) -> Assessment:
    """What the policies make of an Observation: a result for each rule, and ``compliance`` for each policy.

    ``at`` is the aware time at which it is judged, which decides what has expired; the end of the probe
    where it is None, so that the same Observation always has the same results.

    Raises:
        PolicyError: for a policy that cannot be used, or where none of them holds for the endpoint.
        InputError: where ``at`` has no time zone.
    """
    return _assessed(observation, policies, at)[0]


def findings(
    observation: Observation, *policies: PolicySource, at: datetime | None = None
) -> tuple[Finding, ...]:
    """The rules that fail or are unknown, most severe first; those that a waiver of a file covers are WAIVED.

    ``at`` is as in ``assess``.

    Raises:
        PolicyError, InputError: as ``assess``.
    """
    assessment, book = _assessed(observation, policies, at)
    return findings_of(assessment, observation.endpoint.target, book.waivers)


def _assessed(
    observation: Observation, sources: Iterable[PolicySource], at: datetime | None
) -> tuple[Assessment, PolicySet]:
    moment = observation.ended_at if at is None else at
    if moment.tzinfo is None:
        raise InputError(f"at: {moment} has no time zone: use datetime.now(UTC), for example")
    book = _read(sources, moment)
    assessment = _assess(observation, book.policies, moment)
    if not assessment.policies:
        names = ", ".join(policy.name for policy in book.policies) or "none was given"
        raise PolicyError(
            f"no policy holds for {observation.endpoint.key} ({names}): scan it with the labels that "
            "the policies select by, or name a profile"
        )
    return assessment, book


def _read(sources: Iterable[PolicySource], at: datetime) -> PolicySet:
    """All sources as one set: names and files are read together, since files may extend one another."""
    names: list[str] = []
    loaded: list[PolicySet] = []
    for source in sources:
        if isinstance(source, PolicySet):
            loaded.append(source)
        elif isinstance(source, Policy):
            loaded.append(PolicySet(policies=(source,)))
        else:
            names.append(os.fspath(source))
    try:
        read = read_policies(names, at) if names else PolicySet()
    except _FileError as error:
        raise PolicyError(str(error)) from error
    every = (*loaded, read)
    return replace(
        read,
        policies=tuple(policy for one in every for policy in one.policies),
        waivers=tuple(waiver for one in every for waiver in one.waivers),
        remarks=tuple(remark for one in every for remark in one.remarks),
        places={name: place for one in every for name, place in one.places.items()},
    )
