"""Evaluation of Observations by the profiles that ship with tlsprobe, or by your own policy files.

A policy is a profile's name (``"mozilla-intermediate"``), a file's path (``"policies.yml"``), or a result of
``load``. docs/reference/policy.md lists the profiles and describes the file format.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import TypeAlias

from model.claims import CLAIMS_POLICY
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
"""A profile's name, a policy file's path, or a loaded policy."""


def profiles() -> tuple[str, ...]:
    """The names of the profiles that ship with tlsprobe, sorted."""
    return tuple(sorted(_profiles()))


def load(*sources: PolicySource) -> PolicySet:
    """The policies and waivers of these files and profiles, loaded once for many Observations.

    Its ``remarks`` are sentences about warnings in the files, such as an expired waiver.

    Raises:
        PolicyError: for a file or name that cannot be used, with the line and how to fix it.
    """
    return _read(sources, datetime.now(UTC))


def assess(
    observation: Observation, *policies: PolicySource, at: datetime | None = None
) -> Assessment:
    """The policies' results for an Observation: one per rule, and ``compliance`` for each policy.

    ``at`` is the aware time of the evaluation, which decides what has expired. None means the end of the probe, so
    that the same Observation always has the same results.

    Raises:
        PolicyError: if a policy cannot be used, or none matches the endpoint.
        InputError: if ``at`` has no time zone.
    """
    return _assessed(observation, policies, at)[0]


def findings(
    observation: Observation, *policies: PolicySource, at: datetime | None = None
) -> tuple[Finding, ...]:
    """The rules that fail or are unknown, most severe first; those with a waiver in a file are WAIVED.

    ``at`` is the same as in ``assess``.

    Raises:
        PolicyError, InputError: see ``assess``.
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
    if assessment.policies.keys() <= {CLAIMS_POLICY}:
        names = ", ".join(policy.name for policy in book.policies) or "none is loaded"
        advice = book.advice_about_rules(observation.endpoint.target) or (
            "scan it with the labels that the policies match, or use a profile"
        )
        raise PolicyError(f"no policy matches {observation.endpoint.key} ({names}): {advice}")
    return assessment, book


def _read(sources: Iterable[PolicySource], at: datetime) -> PolicySet:
    """All sources as one set: files and profiles are loaded together, because files may extend one another."""
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
