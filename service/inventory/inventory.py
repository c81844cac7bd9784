"""The Inventory: the newest status of every endpoint, held in memory for the exporters.

The next Snapshot shows the result of a visit at once, even while the database cannot be written. Once the visit
is stored, the database decides what the visit did, so a restart shows no gap and no difference.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from model.claims.resource_claim import ResourceClaim
from model.endpoint_state import NEVER_VISITED, Advanced, EndpointState, Visit, advance
from model.findings.finding import Assessment, Finding, FindingStatus
from model.findings.finding_life import live_on
from model.observation import Observation
from model.ports import Clock
from model.snapshot import EndpointStatus, Snapshot
from model.target import key_order
from model.verdict import Verdict
from service.inventory.remembered_state import (
    bare_state,
    is_of_one_visit,
    recalled,
    remembered,
    says_the_same,
    with_stored,
)
from service.inventory.remembered_visits import Planning, RememberedVisits, no_plan
from service.inventory.shared_parts import SharedParts
from service.inventory.without_evidence import without_evidence
from service.judging.held_claims import with_claims_held
from service.judging.policy_evaluator import PolicyEvaluator

_JUDGED_AT_ONCE: Final = 50

_FORGOTTEN_AFTER: Final = timedelta(days=7)
"""An endpoint that leaves and returns within this time shows its last facts until it is visited again."""


class Inventory:
    """The newest status of each endpoint; ``current_endpoints`` returns the keys that a Snapshot may contain.

    ``evaluator`` has the waivers, and the policies that judge the known facts again when the policies change.
    ``plan`` makes the plans by which later visits verify endpoints without reading the database.
    """

    def __init__(
        self,
        clock: Clock,
        current_endpoints: Callable[[], Collection[str]],
        evaluator: PolicyEvaluator | None = None,
        plan: Planning = no_plan,
    ) -> None:
        self._clock = clock
        self._current_endpoints = current_endpoints
        self._evaluator = PolicyEvaluator() if evaluator is None else evaluator
        # What visits did, and the statuses shown for them: other policies may have judged them again since.
        self._states: dict[str, EndpointState] = {}
        self._statuses: dict[str, EndpointStatus] = {}
        self._parts = SharedParts()
        self.remembered = RememberedVisits(plan, self._parts)
        self.resource_claims: tuple[ResourceClaim, ...] = ()
        self._order: tuple[str, ...] = ()
        """The keys of the last Snapshot: to sort a million of them takes five seconds."""

    def remember(self, statuses: Iterable[EndpointStatus]) -> None:
        """Start with ``statuses`` from the Store, which have no evidence."""
        for status in map(with_claims_held, statuses):
            key = status.observation.endpoint.key
            self._statuses[key] = status
            self._states[key] = remembered(status)

    def remember_resolved(self, findings: Mapping[str, Iterable[Finding]]) -> None:
        """Add resolved findings by endpoint key, so that a finding that returns counts as reopened."""
        for key, resolved in findings.items():
            if (state := self._states.get(key)) is not None:
                lives = {one.result.identity: one for one in (*resolved, *(state.findings or ()))}
                self._states[key] = replace(state, findings=tuple(lives.values()))

    async def judge_again(self) -> None:
        """Judge all endpoints by the active policies; other tasks run in between.

        Results that the same policies and the same version gave stay.
        """
        for number, key in enumerate(tuple(self._statuses)):
            if number % _JUDGED_AT_ONCE == 0:
                await asyncio.sleep(0)
            status = self._statuses.get(key)
            if status is not None and not self._evaluator.would_judge_alike(status):
                self._statuses[key] = self._judged_now(key, status)

    def _judged_now(self, key: str, status: EndpointStatus) -> EndpointStatus:
        """The status with the judgement of the active policies; the state after the visits is unchanged."""
        state = self._states[key]
        assessment = self._evaluator.assess(status.observation).without_evidence()
        found = live_on(state.findings or (), assessment)
        return replace(
            status,
            findings=_unresolved(self._parts.finding(one, key) for one in found),
            compliance=self._compliance(assessment),
            policies=self._parts.mapping(assessment.policies),
            claims=assessment.claims,
        )

    def visited_at(self, endpoint_key: str) -> datetime | None:
        """When the newest visit ended; None if no visit is known."""
        status = self._statuses.get(endpoint_key)
        return None if status is None else status.last_probe_at

    def latest(self, endpoint_key: str) -> Observation | None:
        """The newest facts, without evidence; None if none are known."""
        status = self._statuses.get(endpoint_key)
        return None if status is None else status.observation

    def visit_finished(self, visit: Visit) -> None:
        """Show the result of a visit, even if it learned nothing."""
        self.remembered.visit_finished(visit)
        shown = self._statuses.get(visit.key)
        if shown is not None and shown.last_probe_at == visit.ended_at:
            return  # the status and its results were read from the Store
        before = NEVER_VISITED
        if shown is not None:
            before = recalled(self._states[visit.key], shown.observation)
        self._show(visit, advance(before, visit).state)

    def visit_stored(self, visit: Visit, advanced: Advanced) -> None:
        """Show the database's result of a visit, if the visit is the newest one and the result differs.

        After a restart the database knows more of the past than memory does, and it has other processes' visits.
        """
        mine, stored = self._states.get(visit.key), advanced.state
        if mine is None or not is_of_one_visit(mine, stored):
            self.remembered.forget(visit.key)
            return  # a newer visit was shown meanwhile, or the facts exceeded the endpoint's daily limit
        if not says_the_same(mine, stored):
            self._show(visit, with_stored(mine, stored, self._parts))
        self.remembered.visit_stored(visit, advanced, self.latest(visit.key))

    def _show(self, visit: Visit, state: EndpointState) -> None:
        """Show the result of ``visit``, and hold it without evidence."""
        key, shown, judged = visit.key, self._statuses.get(visit.key), visit.assessment
        observation = self._parts.shared_by(without_evidence(visit.observation))
        self._states[key] = state = bare_state(state, observation, key, self._parts)
        before = {} if shown is None else shown.compliance
        claims = () if shown is None else shown.claims
        self._statuses[key] = status = EndpointStatus(
            observation=observation,
            last_probe_at=visit.ended_at,
            last_success_at=state.last_success_at,
            consecutive_failures=visit.schedule.consecutive_failures,
            interval_seconds=visit.schedule.interval_seconds,
            findings=_unresolved(state.findings or ()),
            compliance=before if judged is None else self._compliance(judged),
            policies=None if judged is None else self._parts.mapping(judged.policies),
            claims=claims if judged is None else judged.without_evidence().claims,
            config_changed_at=state.config_changed_at,
            certificate_changed_at=state.certificate_changed_at,
        )
        target = observation.endpoint.target
        if judged is not None and not self._evaluator.are_in_force(judged.policies, target):
            self._statuses[key] = self._judged_now(key, status)  # they changed during the judgement

    def _compliance(self, assessment: Assessment) -> Mapping[str, Verdict]:
        return self._parts.mapping(
            {policy: assessment.compliance(policy) for policy in assessment.policies}
        )

    @property
    def statuses(self) -> Collection[EndpointStatus]:
        """The newest status of every endpoint that was ever visited, without waivers."""
        return self._statuses.values()

    def status(self, endpoint_key: str) -> EndpointStatus | None:
        """The newest status of an endpoint; None if it was never visited."""
        return self._statuses.get(endpoint_key)

    def snapshot(self) -> Snapshot:
        """The newest status of each current endpoint that has been visited, ordered by key."""
        current, now = self._current_endpoints(), self._clock.now()
        # A name whose addresses change constantly must not fill the memory.
        self._statuses = {
            key: status
            for key, status in self._statuses.items()
            if key in current or now - status.last_probe_at < _FORGOTTEN_AFTER
        }
        self._states = {key: self._states[key] for key in self._statuses}
        self.remembered.keep_only(self._statuses)
        shown = {key for key in self._statuses if key in current}
        if len(shown) != len(self._order) or not shown.issuperset(self._order):
            self._order = tuple(sorted(shown, key=key_order))
        return Snapshot(
            taken_at=now,
            endpoints=tuple(self._at(key, now) for key in self._order),
            resource_claims=self.resource_claims,
        )

    def _at(self, key: str, now: datetime) -> EndpointStatus:
        """The status with its findings waived or not, as of now."""
        status = self._statuses[key]
        target = status.observation.endpoint.target
        findings = self._evaluator.with_waivers(status.findings, target, now)
        return status if findings is status.findings else replace(status, findings=findings)


def _unresolved(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(one for one in findings if one.status is not FindingStatus.RESOLVED)
