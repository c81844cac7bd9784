"""What the service judges by: the policies and waivers in force, and the endpoints that policies declare."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from discovery.targets import TargetError, parse_target
from model.endpoint_state import Schedule, Visit
from model.findings.finding import Assessment, Finding, Waiver
from model.findings.finding_life import with_waiver
from model.observation import Observation
from model.target import Target
from policy import Policy, PolicyError, PolicySet, assess

_SOURCE = "policies"


class PolicyEvaluator:
    """Judges Observations by the book in force.

    ``kept`` are the waivers that came by the API, by name; those of the policy files are in the book,
    and hold where both have a name.
    """

    def __init__(self, book: PolicySet | None = None, kept: Iterable[Waiver] = ()) -> None:
        self.book = PolicySet() if book is None else book
        self.kept = {waiver.name: waiver for waiver in kept}

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        """All of them, the files' first."""
        of_files = {waiver.name for waiver in self.book.waivers}
        others = (waiver for name, waiver in self.kept.items() if name not in of_files)
        return (*self.book.waivers, *others)

    def assess(self, observation: Observation) -> Assessment:
        """What the policies say of it, as of the moment at which its visit ended."""
        return assess(observation, self.book.policies, observation.ended_at)

    def is_by_policies_in_force(self, assessment: Assessment, target: Target) -> bool:
        """Whether the same policies, with the same text, would judge an endpoint of ``target`` now."""
        holding = {one.name: one.digest for one in self.book.policies if one.choice.has(target)}
        return assessment.policies == holding

    async def judge(self, observation: Observation, schedule: Schedule) -> Visit:
        """The Visit with what the policies in force say of it; a thread judges, for that takes a while."""
        return await asyncio.to_thread(self._judged, observation, schedule)

    def _judged(self, observation: Observation, schedule: Schedule) -> Visit:
        assessment = self.assess(observation)
        visit = Visit(observation=observation, schedule=schedule, assessment=assessment)
        visit.make_digests()
        return visit

    def with_waivers(
        self, findings: tuple[Finding, ...], target: Target, at: datetime
    ) -> tuple[Finding, ...]:
        """The findings as they stand at ``at``, waived or not."""
        waivers = self.waivers
        rules = {waiver.rule for waiver in waivers}
        if not any(finding.result.rule in rules for finding in findings):
            return findings
        return tuple(with_waiver(finding, waivers, target, at) for finding in findings)


def declared_targets(book: PolicySet) -> tuple[Target, ...]:
    """The endpoints that policies declare, with the labels by which these hold for them.

    Raises:
        PolicyError: for one that is no target, with the policy's place and the mend.
    """
    return tuple(
        _declared(policy, text, book.place_of(policy))
        for policy in book.policies
        for text in policy.endpoints
    )


def _declared(policy: Policy, text: str, place: str) -> Target:
    try:
        target = parse_target(text)
    except TargetError as error:
        raise PolicyError(f"{place}the policy {policy.name} declares {text!r}: {error}") from error
    labels = {name: values[0] for name, values in policy.choice.labels.items() if values}
    declared = replace(target, labels=labels, source=_SOURCE)
    if not policy.choice.has(declared):
        raise PolicyError(
            f"{place}the policy {policy.name} declares {text!r}, and does not hold for its protocol "
            f"{target.protocol}: add it to `for.protocols`"
        )
    return declared
