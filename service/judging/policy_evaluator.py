"""How the service judges: the active policies and waivers, and the endpoints that policies declare."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from discovery.targets import TargetError, parse_target
from model.endpoint_state import Schedule, Visit
from model.findings.finding import Assessment, Finding, Waiver
from model.findings.finding_life import with_waiver
from model.findings.waiver_scope import with_target_keys
from model.observation import Observation
from model.snapshot import EndpointStatus
from model.target import Target
from model.tracing import span
from model.version import TOOL_VERSION
from policy import Policy, PolicyError, PolicySet, assess
from policy.assess import applied

_SOURCE = "policies"


class PolicyEvaluator:
    """Judges Observations by the active book.

    ``kept`` holds the waivers that were added by the API, by name; the waivers of policy files are in the book,
    and take precedence over waivers of the same name.
    """

    def __init__(self, book: PolicySet | None = None, kept: Iterable[Waiver] = ()) -> None:
        self.book = PolicySet() if book is None else book
        self.kept = {waiver.name: waiver for waiver in kept}
        self.targets: Sequence[Target] = ()
        """The targets of the inventory: a waiver may name one of them as people do."""
        self._exact = _ExactWaivers()

    @property
    def waivers(self) -> tuple[Waiver, ...]:
        """All waivers; those of the files come first."""
        of_files = {waiver.name for waiver in self.book.waivers}
        others = (waiver for name, waiver in self.kept.items() if name not in of_files)
        return (*self.book.waivers, *others)

    def assess(self, observation: Observation) -> Assessment:
        """The policies' judgement of the Observation, as of the end of its visit."""
        return assess(observation, self.book.policies, observation.ended_at)

    def are_in_force(self, policies: Mapping[str, str] | None, target: Target) -> bool:
        """Whether ``policies``, by name and digest, apply to an endpoint of ``target`` now, with the same claims."""
        return policies == applied(self.book.policies, target)

    def would_judge_alike(self, status: EndpointStatus) -> bool:
        """Whether the active policies, applied to the newest visit by this version, give the results of the status."""
        seen = status.observation
        return seen.tool_version == TOOL_VERSION and self.are_in_force(
            status.policies, seen.endpoint.target
        )

    async def judge(
        self, observation: Observation, schedule: Schedule, verified_digest: str | None = None
    ) -> Visit:
        """The Visit with the judgement of the active policies; it runs in a thread, because it takes a while."""
        with span("judge", endpoint=schedule.endpoint_key):
            return await asyncio.to_thread(self._judged, observation, schedule, verified_digest)

    def _judged(
        self, observation: Observation, schedule: Schedule, verified_digest: str | None
    ) -> Visit:
        visit = Visit(
            observation=observation,
            schedule=schedule,
            assessment=self.assess(observation),
            verified_digest=verified_digest,
        )
        visit.make_digests()
        return visit

    def with_waivers(
        self, findings: tuple[Finding, ...], target: Target, at: datetime
    ) -> tuple[Finding, ...]:
        """The findings as of ``at``, waived or not."""
        waivers = self._exact.of(self.waivers, self.targets)
        rules = {waiver.rule for waiver in waivers}
        if not any(
            finding.result.rule in rules or finding.result.rule_id in rules for finding in findings
        ):
            return findings
        return tuple(with_waiver(finding, waivers, target, at) for finding in findings)


class _ExactWaivers:
    """The waivers with the keys of their targets, found again only if waivers or targets have changed."""

    def __init__(self) -> None:
        self._waivers: tuple[Waiver, ...] = ()
        self._targets: Sequence[Target] = ()
        self._exact: tuple[Waiver, ...] = ()

    def of(self, waivers: tuple[Waiver, ...], targets: Sequence[Target]) -> tuple[Waiver, ...]:
        """The ``waivers`` as ``with_target_keys`` returns them."""
        if waivers != self._waivers or targets is not self._targets:
            self._exact = with_target_keys(waivers, targets)
            self._waivers, self._targets = waivers, targets
        return self._exact


def declared_targets(book: PolicySet) -> tuple[Target, ...]:
    """The endpoints that policies declare, with labels that make these policies apply to them.

    Raises:
        PolicyError: if a declared target is invalid; the message has the policy's place and how to fix it.
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
            f"{place}the policy {policy.name} declares {text!r}, but does not match its protocol "
            f"{target.protocol}: add it to `for.protocols`"
        )
    return declared
