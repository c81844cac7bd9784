"""Memory and database agree about every endpoint, for any visits in any order.

Arbitrary visits (failing, changing, flapping, of two addresses), policy changes between them, restarts and
outages go through the Inventory and a database, and through ``advance`` alone. All three must agree.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any, ClassVar, Final, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from model.comparisons.change import Change
from model.encoding.observation_json import to_json
from model.endpoint_state import NEVER_VISITED, EndpointState, Schedule, Visit, advance
from model.findings.finding import Finding
from model.observation import Observation, State
from model.protocol_version import ProtocolVersion
from model.query import Selection, Transition
from model.snapshot import EndpointStatus
from model.target import Endpoint
from model.verdict import Fact, Verdict
from model.version import TOOL_VERSION
from policy import PolicySet
from service.inventory.inventory import Inventory
from service.judging.policy_evaluator import PolicyEvaluator
from storage import SqlStore
from tests.policy.observed import policy
from tests.storage.samples import NOON, certificate, observation, refusal

pytestmark = pytest.mark.slow

POLICIES: Final = (
    (),
    (policy("web", {"reachable": {}, "protocol_versions": {"allowed": ["TLSv1.2", "TLSv1.3"]}}),),
    (policy("web", {"reachable": {}, "protocol_versions": {"allowed": ["TLSv1.3"]}}),),
)
ADDRESSES: Final = ("127.0.0.1", "127.0.0.2")
FACTS: Final = st.tuples(
    st.sampled_from([("A",), ("B",), ()]),
    st.sampled_from([b"old", b"new", None]),
    st.sampled_from(Verdict),
)
STEPS: Final = st.sampled_from([timedelta(minutes=1), timedelta(hours=3), timedelta(days=8)])

Found = TypeVar("Found")


def seen(suites: tuple[str, ...], leaf: bytes | None, tls12: Verdict) -> Observation:
    """A visit that found which suites are accepted, which leaf is served, and whether TLS 1.2 is spoken."""
    chain = [] if leaf is None else [certificate(leaf)]
    whole = observation(suites=suites, chain=chain)
    protocols = {**whole.protocols, ProtocolVersion.TLSV1_2: Fact(verdict=tls12)}
    if not suites:
        return replace(whole, protocols=protocols, cipher_suites={})
    return replace(whole, protocols=protocols)


class Clock:
    """A clock that shows the end of the newest visit."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.at.timestamp()


class Endpoints(RuleBasedStateMachine):
    """Two endpoints of one target, and what memory, database and ``advance`` know of each."""

    url: ClassVar[str]
    numbers: ClassVar[Iterator[int]] = count()

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.host = f"{next(self.numbers)}.example"
        self.clock = Clock()
        self.evaluator = PolicyEvaluator()
        self.pure: dict[str, EndpointState] = {}
        self.changes: list[Change] = []
        self.transitions: dict[str, list[Transition]] = {}
        self.waiting: list[Visit] = []
        self.is_down = False
        self.knows_all = True
        self.judged_now: set[str] = set()
        self.store = self.do(SqlStore.open(self.url))
        self.inventory = self.new_inventory()

    def do(self, work: Coroutine[Any, Any, Found]) -> Found:
        return self.runner.run(work)

    def new_inventory(self) -> Inventory:
        return Inventory(self.clock, lambda: frozenset(self.pure), self.evaluator)

    def teardown(self) -> None:
        self.do(self.store.close())
        self.runner.close()

    @initialize(address=st.sampled_from(ADDRESSES), facts=FACTS)
    def first(self, address: str, facts: tuple[tuple[str, ...], bytes | None, Verdict]) -> None:
        self.visit(address, seen(*facts), timedelta())

    @rule(address=st.sampled_from(ADDRESSES), facts=FACTS, later=STEPS)
    def answers(
        self, address: str, facts: tuple[tuple[str, ...], bytes | None, Verdict], later: timedelta
    ) -> None:
        self.visit(address, seen(*facts), later)

    @rule(address=st.sampled_from(ADDRESSES), later=STEPS, error=st.booleans())
    def fails(self, address: str, later: timedelta, error: bool) -> None:
        state = State.ERROR if error else State.REFUSED
        self.visit(address, replace(refusal(), state=state), later)

    @rule(address=st.sampled_from(ADDRESSES), times=st.integers(4, 6))
    def flaps(self, address: str, times: int) -> None:
        for number in range(times):
            suites = (("A",), ("B",))[number % 2]
            self.visit(address, seen(suites, None, Verdict.NO), timedelta(minutes=5))

    def visit(self, address: str, observed: Observation, later: timedelta) -> None:
        """One visit: judged, shown, and stored unless the database is down."""
        target = replace(observed.endpoint.target, host=self.host, server_name=self.host)
        endpoint = Endpoint(target=target, address=address)
        started_at = self.clock.at + later
        observed = replace(
            observed, endpoint=endpoint, started_at=started_at, tool_version=TOOL_VERSION
        )
        self.clock.at = observed.ended_at
        known = self.inventory.status(endpoint.key)
        failures = 0 if known is None else known.consecutive_failures
        schedule = Schedule(
            endpoint_key=endpoint.key,
            due_at=observed.ended_at + timedelta(hours=1),
            interval_seconds=3600.0,
            consecutive_failures=0 if observed.answered else failures + 1,
        )
        visit = self.do(self.evaluator.judge(observed, schedule))
        done = advance(self.pure.get(visit.key, NEVER_VISITED), visit)
        self.pure[visit.key] = done.state
        self.changes += done.changes
        if done.transition is not None:
            self.transitions.setdefault(visit.key, []).append(done.transition)
        self.inventory.visit_finished(visit)
        self.judged_now.add(visit.key)
        self.waiting.append(visit)
        if not self.is_down:
            self.store_all()

    def store_all(self) -> None:
        """Store what waits; memory that was not restarted already agrees with the database."""
        shown = {key: self.inventory.status(key) for key in self.pure}
        for visit in self.waiting:
            advanced = self.do(self.store.record_visit(visit))
            self.inventory.visit_stored(visit, advanced)
        self.waiting.clear()
        if self.knows_all:
            assert all(self.inventory.status(key) is status for key, status in shown.items())

    @rule(policies=st.sampled_from(POLICIES))
    def other_policies(self, policies: tuple[Any, ...]) -> None:
        self.evaluator.book = PolicySet(policies=policies)
        self.judged_now.clear()
        self.do(self.inventory.judge_again())

    @precondition(lambda self: not self.is_down)
    @rule()
    def the_database_stops(self) -> None:
        self.is_down = True

    @precondition(lambda self: self.is_down)
    @rule()
    def the_database_returns(self) -> None:
        self.is_down = False
        self.store_all()

    @precondition(lambda self: not self.is_down)
    @rule()
    def the_service_restarts(self) -> None:
        self.inventory = self.new_inventory()
        self.inventory.remember(self.do(self.store.statuses_of(self.pure)))
        self.inventory.remember_resolved(self.do(self.store.resolved_findings()))
        self.do(self.inventory.judge_again())
        self.knows_all = False
        for status in self.inventory.statuses:
            judged = self.evaluator.assess(status.observation)
            assert status.compliance == {name: judged.compliance(name) for name in judged.policies}

    @precondition(lambda self: not self.is_down)
    @invariant()
    def they_agree(self) -> None:
        stored = self.do(self.store.statuses_of(self.pure))
        assert {one.observation.endpoint.key for one in stored} == self.pure.keys()
        for status in stored:
            key = status.observation.endpoint.key
            shown, state = self.inventory.status(key), self.pure[key]
            assert shown is not None
            assert to_json(shown.observation, with_evidence=False) == to_json(
                replace(status.observation, contradictions=shown.observation.contradictions),
                with_evidence=False,
            )
            assert _without_judgement(status, shown) == _without_judgement(shown, shown)
            assert (
                state.last_success_at,
                state.config_changed_at,
                state.certificate_changed_at,
            ) == ((shown.last_success_at, shown.config_changed_at, shown.certificate_changed_at))
            if key in self.judged_now:
                assert status.compliance == shown.compliance
                assert status.policies == shown.policies
                assert by_rule(status.findings) == by_rule(shown.findings)

    @precondition(lambda self: not self.is_down)
    @invariant()
    def the_history_agrees_with_advance(self) -> None:
        here = Selection(keys=frozenset(self.pure))
        changes = self.do(self.store.changes(here, limit=10_000))
        assert sorted(changes, key=str) == sorted(self.changes, key=str)
        periods = self.do(self.store.history(here, limit=10_000))
        for key, transitions in self.transitions.items():
            of_key = [one.turn for one in reversed(periods) if one.endpoint_key == key]
            assert of_key == transitions
        lives = self.do(self.store.findings(here, with_resolved=True))
        expected = [one for state in self.pure.values() for one in state.findings or ()]
        assert by_rule(lives) == by_rule(expected)


def _without_judgement(status: EndpointStatus, shown: EndpointStatus) -> EndpointStatus:
    """The status with the facts of ``shown``, and without the policy results."""
    return replace(status, observation=shown.observation, findings=(), compliance={}, policies=None)


def by_rule(findings: Iterable[Finding]) -> dict[tuple[str, str, str], Finding]:
    """The Findings, each without its proof, which comes from the first visit with that result."""
    return {
        (one.endpoint_key, *one.result.identity): replace(
            one, result=replace(one.result, evidence=None)
        )
        for one in findings
    }


@pytest.mark.timeout(600)
def test_memory_and_database_agree_with_advance(url: str) -> None:
    class Here(Endpoints):
        pass

    Here.url = url
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=12,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
