"""The Inventory: the newest status of every endpoint, kept in memory for the exporters to read.

What a visit learned is in the next Snapshot at once, also while the database cannot be written. Once the database
has the visit, it has the last word on what the visit did: a restart shows no gap and no difference.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from model.endpoint_state import NEVER_VISITED, Advanced, EndpointState, Visit, advance
from model.findings.finding import Assessment, Finding, FindingStatus
from model.findings.finding_life import live_on
from model.observation import Observation
from model.ports import Clock
from model.snapshot import EndpointStatus, Snapshot
from model.verdict import Verdict
from service.inventory.remembered_state import (
    bare_state,
    is_of_one_visit,
    recalled,
    remembered,
    says_the_same,
    with_stored,
)
from service.inventory.shared_parts import SharedParts
from service.inventory.without_evidence import without_evidence
from service.judging.policy_evaluator import PolicyEvaluator

_JUDGED_AT_ONCE: Final = 50

_FORGOTTEN_AFTER: Final = timedelta(days=7)
"""An endpoint that leaves and comes back sooner shows its last facts until it is visited again."""


class Inventory:
    """The newest of each endpoint; ``current_endpoints`` gives the keys that a Snapshot may hold.

    ``evaluator`` has the policies that what is known is judged by again where they change, and the waivers.
    """

    def __init__(
        self,
        clock: Clock,
        current_endpoints: Callable[[], Collection[str]],
        evaluator: PolicyEvaluator | None = None,
    ) -> None:
        self._clock = clock
        self._current_endpoints = current_endpoints
        self._evaluator = PolicyEvaluator() if evaluator is None else evaluator
        # What visits did, and what is shown of it: other policies may have judged it again since.
        self._states: dict[str, EndpointState] = {}
        self._statuses: dict[str, EndpointStatus] = {}
        self._parts = SharedParts()

    def remember(self, statuses: Iterable[EndpointStatus]) -> None:
        """Begin with ``statuses``, as the Store had them."""
        for status in statuses:
            key = status.observation.endpoint.key
            bare = replace(status, observation=without_evidence(status.observation))
            self._statuses[key] = bare
            self._states[key] = remembered(bare)

    def remember_resolved(self, findings: Mapping[str, Iterable[Finding]]) -> None:
        """Know by endpoint key what was resolved, so that what comes back counts as reopened."""
        for key, resolved in findings.items():
            if (state := self._states.get(key)) is not None:
                lives = {one.result.identity: one for one in (*resolved, *(state.findings or ()))}
                self._states[key] = replace(state, findings=tuple(lives.values()))

    async def judge_again(self) -> None:
        """Judge every endpoint by the policies in force now, letting other tasks go on between."""
        for number, key in enumerate(tuple(self._statuses)):
            if number % _JUDGED_AT_ONCE == 0:
                await asyncio.sleep(0)
            if (status := self._statuses.get(key)) is not None:
                self._statuses[key] = self._judged_now(status)

    def _judged_now(self, status: EndpointStatus) -> EndpointStatus:
        """The status with what the policies in force say; what visits did stays as it is."""
        state = self._states[status.observation.endpoint.key]
        assessment = self._evaluator.assess(status.observation).without_evidence()
        found = live_on(state.findings or (), assessment)
        return replace(
            status,
            findings=_unresolved(map(self._parts.finding, found)),
            compliance=self._compliance(assessment),
        )

    def visited_at(self, endpoint_key: str) -> datetime | None:
        """When the newest visit ended; None where none is known."""
        status = self._statuses.get(endpoint_key)
        return None if status is None else status.last_probe_at

    def latest(self, endpoint_key: str) -> Observation | None:
        """The newest facts, without evidence; None where none are known."""
        status = self._statuses.get(endpoint_key)
        return None if status is None else status.observation

    def visit_finished(self, visit: Visit) -> None:
        """Show what a visit learned, or that it learned nothing."""
        shown = self._statuses.get(visit.key)
        if shown is not None and shown.last_probe_at == visit.ended_at:
            return  # it was read from the Store, with what came of it
        before = NEVER_VISITED
        if shown is not None:
            before = recalled(self._states[visit.key], shown.observation)
        self._show(visit, advance(before, visit).state)

    def visit_stored(self, visit: Visit, advanced: Advanced) -> None:
        """Show what the database says that a visit did, where it is the newest one and that differs.

        It knows more of the past than memory does after a restart, and has the visits of other processes.
        """
        mine, stored = self._states.get(visit.key), advanced.state
        if mine is None or not is_of_one_visit(mine, stored):
            return  # a newer visit was shown meanwhile, or the database had no room for the facts
        if not says_the_same(mine, stored):
            self._show(visit, with_stored(mine, stored, self._parts))

    def _show(self, visit: Visit, state: EndpointState) -> None:
        """Show what ``visit`` learned and did, and keep it without evidence."""
        key, shown, judged = visit.key, self._statuses.get(visit.key), visit.assessment
        observation = self._parts.shared_by(without_evidence(visit.observation))
        self._states[key] = state = bare_state(state, observation, self._parts)
        before = {} if shown is None else shown.compliance
        self._statuses[key] = status = EndpointStatus(
            observation=observation,
            last_probe_at=visit.ended_at,
            last_success_at=state.last_success_at,
            consecutive_failures=visit.schedule.consecutive_failures,
            interval_seconds=visit.schedule.interval_seconds,
            findings=_unresolved(state.findings or ()),
            compliance=before if judged is None else self._compliance(judged),
            config_changed_at=state.config_changed_at,
            certificate_changed_at=state.certificate_changed_at,
        )
        target = observation.endpoint.target
        if judged is not None and not self._evaluator.is_by_policies_in_force(judged, target):
            self._statuses[key] = self._judged_now(status)  # they changed while it was judged

    def _compliance(self, assessment: Assessment) -> Mapping[str, Verdict]:
        return self._parts.mapping(
            {policy: assessment.compliance(policy) for policy in assessment.policies}
        )

    def status(self, endpoint_key: str) -> EndpointStatus | None:
        """The newest status of an endpoint; None where it was never visited."""
        return self._statuses.get(endpoint_key)

    def snapshot(self) -> Snapshot:
        """The newest status of each current endpoint that has been visited, ordered by key."""
        current, now = self._current_endpoints(), self._clock.now()
        # A name whose addresses change all the time must not fill the memory.
        self._statuses = {
            key: status
            for key, status in self._statuses.items()
            if key in current or now - status.last_probe_at < _FORGOTTEN_AFTER
        }
        self._states = {key: self._states[key] for key in self._statuses}
        keys = sorted(key for key in self._statuses if key in current)
        return Snapshot(taken_at=now, endpoints=tuple(self._at(key, now) for key in keys))

    def _at(self, key: str, now: datetime) -> EndpointStatus:
        """The status with its findings waived or not, as of now."""
        status = self._statuses[key]
        target = status.observation.endpoint.target
        findings = self._evaluator.with_waivers(status.findings, target, now)
        return status if findings is status.findings else replace(status, findings=findings)


def _unresolved(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(one for one in findings if one.status is not FindingStatus.RESOLVED)
