"""The Inventory: the newest status of every endpoint, kept in memory for the exporters to read.

What a visit learnt is in the next Snapshot at once, also while the database cannot be written. It
begins with what the Store remembers, so that a restart shows no gap.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from model.differences import differences, known_facts
from model.findings.finding import Finding, FindingStatus
from model.observation import Observation
from model.ports import Clock
from model.snapshot import EndpointStatus, Snapshot
from model.target import Target
from service.inventory.shared_parts import SharedParts
from service.inventory.without_evidence import without_evidence
from service.judging.policy_evaluator import PolicyEvaluator

_JUDGED_AT_ONCE: Final = 50
_LEAF: Final = ".leaf"
"""How the fact of a change ends that is about a leaf."""

_FORGOTTEN_AFTER: Final = timedelta(days=7)
"""An endpoint that leaves and comes back sooner shows its last facts until it is visited again."""


class Inventory:
    """The newest of each endpoint; ``current_endpoints`` gives the keys that a Snapshot may hold.

    ``interval_of`` is the time in seconds between two visits to an endpoint of a target; ``desk`` has
    the policies that each is judged by.
    """

    def __init__(
        self,
        clock: Clock,
        current_endpoints: Callable[[], Collection[str]],
        interval_of: Callable[[Target], float],
        desk: PolicyEvaluator | None = None,
    ) -> None:
        self._clock = clock
        self._current_endpoints = current_endpoints
        self._interval_of = interval_of
        self._desk = PolicyEvaluator() if desk is None else desk
        self._findings: dict[str, tuple[Finding, ...]] = {}
        self._statuses: dict[str, EndpointStatus] = {}
        self._known: dict[str, Observation] = {}
        self._parts = SharedParts()

    def remember(self, statuses: Iterable[EndpointStatus]) -> None:
        """Begin with ``statuses``, as the Store had them."""
        for status in statuses:
            bare = replace(status, observation=without_evidence(status.observation))
            self._statuses[status.observation.endpoint.key] = bare
            self._known[status.observation.endpoint.key] = bare.observation
            self._findings[status.observation.endpoint.key] = status.findings

    def remember_resolved(self, findings: Mapping[str, Iterable[Finding]]) -> None:
        """Know by endpoint key what was resolved, so that what comes back counts as reopened."""
        for key, resolved in findings.items():
            if key in self._statuses:
                lives = {
                    one.result.identity: one for one in (*resolved, *self._findings.get(key, ()))
                }
                self._findings[key] = tuple(lives.values())

    async def judge_again(self) -> None:
        """Judge every endpoint by the policies in force now, letting other tasks go on between."""
        for number, key in enumerate(tuple(self._statuses)):
            if number % _JUDGED_AT_ONCE == 0:
                await asyncio.sleep(0)
            if (status := self._statuses.get(key)) is not None:
                self._statuses[key] = self._judged(status, status.observation)

    def visited_at(self, endpoint_key: str) -> datetime | None:
        """When the newest visit ended; None where none is known."""
        status = self._statuses.get(endpoint_key)
        return None if status is None else status.last_probe_at

    def latest(self, endpoint_key: str) -> Observation | None:
        """The newest facts, without evidence; None where none are known."""
        status = self._statuses.get(endpoint_key)
        return None if status is None else status.observation

    def visit_finished(self, observation: Observation) -> None:
        """Remember what a visit learnt, or that it learnt nothing."""
        key = observation.endpoint.key
        before = self._statuses.get(key)
        ended_at = observation.started_at + timedelta(seconds=observation.cost.duration_seconds)
        if before is not None and before.last_probe_at == ended_at:
            return  # the Store has told of this visit, and what came of it
        if observation.answered_as_tls:
            last_success_at, failures = ended_at, 0
        elif before is None:
            last_success_at, failures = None, 1
        else:
            last_success_at, failures = before.last_success_at, before.consecutive_failures + 1
        status = EndpointStatus(
            observation=self._parts.shared_by(without_evidence(observation)),
            last_probe_at=ended_at,
            last_success_at=last_success_at,
            consecutive_failures=failures,
            interval_seconds=self._interval_of(observation.endpoint.target),
        )
        status = self._with_changes(status, before)
        self._statuses[key] = self._judged(status, observation)

    def _with_changes(
        self, status: EndpointStatus, before: EndpointStatus | None
    ) -> EndpointStatus:
        """The status with the times of its last changes, by what was known before."""
        key, seen = status.observation.endpoint.key, status.observation
        known = self._known.get(key)
        still = seen if known is None else known_facts((seen, known))
        self._known[key] = seen if still == seen else self._parts.shared_by(still)
        if before is None or known is None:
            return status
        facts = [change.fact for change in differences(known, seen) if change.fact != "state"]
        leaf_changed = any(fact.endswith(_LEAF) for fact in facts)
        at = seen.started_at
        return replace(
            status,
            config_changed_at=at if facts else before.config_changed_at,
            certificate_changed_at=at if leaf_changed else before.certificate_changed_at,
        )

    def _judged(self, status: EndpointStatus, observation: Observation) -> EndpointStatus:
        """The status with what the policies say of ``observation``, which has the proofs yet."""
        key = observation.endpoint.key
        assessment = self._desk.assess(observation)
        lived_on = self._desk.lived_on(self._findings.get(key, ()), assessment)
        self._findings[key] = found = tuple(map(self._parts.finding, lived_on))
        return replace(
            status,
            findings=tuple(one for one in found if one.status is not FindingStatus.RESOLVED),
            compliance=self._parts.mapping(
                {policy: assessment.compliance(policy) for policy in assessment.policies}
            ),
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
        self._findings = {
            key: self._findings[key] for key in self._statuses if key in self._findings
        }
        self._known = {key: self._known[key] for key in self._statuses if key in self._known}
        keys = sorted(key for key in self._statuses if key in current)
        return Snapshot(taken_at=now, endpoints=tuple(self._at(key, now) for key in keys))

    def _at(self, key: str, now: datetime) -> EndpointStatus:
        """The status with its findings waived or not, as of now."""
        status = self._statuses[key]
        target = status.observation.endpoint.target
        findings = self._desk.with_waivers(status.findings, target, now)
        return status if findings is status.findings else replace(status, findings=findings)
