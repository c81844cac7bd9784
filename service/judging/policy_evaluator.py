"""What the service judges by: the policies and waivers in force, and the endpoints that policies declare."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from discovery.targets import TargetError, parse_target
from model.findings.finding import Assessment, Finding, Waiver
from model.findings.finding_life import live_on, with_waiver
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

    def lived_on(self, known: Iterable[Finding], assessment: Assessment) -> tuple[Finding, ...]:
        """The endpoint's findings after ``assessment``, without proofs: the Store has those."""
        return tuple(
            replace(finding, result=replace(finding.result, evidence=None))
            if finding.result.evidence is not None
            else finding
            for finding in live_on(known, assessment)
        )

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
