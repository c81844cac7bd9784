"""Visits one endpoint: runs the checks within its limits and records what was learned.

This is the only place where errors become outcomes: whatever a server does, ``visit`` returns an Observation.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Final, TypeAlias, TypeVar

from model.application_protocol import blocks_clients
from model.certificates.certificate import Certificate
from model.frozen import frozen
from model.intrusiveness import Intrusiveness
from model.observation import Cost, Mode, Observation
from model.ports import Clock
from model.target import Endpoint, Target
from model.target_labels import TRUST_STORES
from model.verdict import Verdict
from model.verification.plan import VerificationPlan
from model.verification.remembered import Remembered
from model.version import TOOL_VERSION
from pki.certificates import TrustStore, load_trust_store, parse_certificate
from pki.net_guard.politeness import Politeness
from probe.budget import Metered
from probe.checks.part import Part
from probe.checks.prober import Prober
from probe.checks.verification_plan import plan_for, plan_of
from probe.checks.verify import ask_whether_unchanged
from probe.checks.versions_and_suites import expected_versions
from probe.checks.visit_facts import Stapled, VisitFacts
from probe.checks.visit_inputs import VisitInputs
from probe.connect.blocking_servers import over_allowance
from probe.connect.dial import over_budget
from probe.connect.options import TransportOptions
from probe.connect.session import EndpointSession
from probe.crypto.identity import ClientIdentity
from probe.dialogue.answer import ConnectFailure
from probe.dialogue.dialogue import Dialogue
from probe.transport import ProbeTransport
from probe.visit.chain_checks import ChainChecks
from probe.visit.chain_judging import is_judgement_valid, judge_again, judge_chains
from probe.visit.dtls_versions import named_as_dtls
from probe.visit.expected import as_expected
from probe.visit.progress import say_nothing, with_facts
from probe.visit.settings import ProbeSettings
from probe.visit.sparing import finish_known_versions, must_spare, with_known_facts
from probe.visit.stages import run_stages
from probe.visit.state import state_of
from probe.visit.target_options import level_of, visit_inputs
from probe.visit.transports import TransportFactory, transport_options, transport_to

Result = TypeVar("Result")

_OUT_OF_TIME: Final = "The visit reached its limits before everything was verified: facts are those of the visit before."

Path: TypeAlias = tuple[Certificate, ...]
"""A chain that verifies, from its leaf to the anchor in a trust store."""


@frozen
class _Visit:
    """A visit in progress. ``known`` is the last Observation, if it should be verified, and ``plan`` says how.

    If it ``is_remembered``, it has neither evidence nor raw certificates."""

    endpoint: Endpoint
    transport: ProbeTransport
    options: TransportOptions
    prober: Prober
    started_at: datetime
    began: float
    known: Observation | None
    plan: VerificationPlan | None
    is_remembered: bool
    say: Callable[[str], None]


class Engine:
    """Visits endpoints, any number side by side, within the limits of one process.

    Raises:
        TrustStoreError: at construction, if a trust store's file cannot be used.
        LogListError: at construction, if the log list cannot be used.
    """

    def __init__(
        self,
        settings: ProbeSettings,
        clock: Clock,
        stream: TransportFactory | None = None,
        politeness: Politeness | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self.politeness = politeness or Politeness(settings)
        self._stream = stream
        self._stores: Mapping[str, TrustStore] = {
            name: load_trust_store(name, path) for name, path in settings.trust_stores.items()
        }
        self._chain_checks = ChainChecks(settings, self._stores, self.politeness)

    async def visit(
        self,
        endpoint: Endpoint,
        on_progress: Callable[[str], None] | None = None,
        *,
        known: Observation | Remembered | None = None,
        is_awaited: bool = False,
    ) -> Observation:
        """Everything that one visit learns, within its deadline.

        Its time begins when this process has connections for it; at once if a user or a scrape waits for it
        (``is_awaited``).

        If ``known``, the last Observation, is given, it is verified first, and all questions are asked only
        if something differs. What is verified by a remembered visit has no evidence either. ``on_progress`` gets
        short phrases on the current questions. Only cancellation is raised.
        """
        if not is_awaited:
            await self.politeness.room_for_a_visit()
        options = transport_options(endpoint, self._settings)
        transport = self._transport(endpoint, options)
        facts = known.facts if isinstance(known, Remembered) else known
        visit = _Visit(
            endpoint=endpoint,
            transport=transport,
            options=options,
            prober=Prober(transport),
            started_at=self._clock.now(),
            began=self._clock.monotonic(),
            known=facts,
            plan=plan_for(known),
            is_remembered=isinstance(known, Remembered),
            say=on_progress or say_nothing,
        )
        return await Metered(transport.budget, self._visit(visit))

    async def _visit(self, visit: _Visit) -> Observation:
        endpoint, transport = visit.endpoint, visit.transport
        try:
            application = await transport.find_application()
            look_up = partial(self._chain_checks.service_bindings, endpoint.target)
            bindings = await transport.service_bindings(look_up)
            inputs = visit_inputs(
                endpoint.target, application, visit.options, self._settings.user_agent, bindings
            )
            facts = VisitFacts(inputs=inputs)
            if (detected := application.detected) is not None:
                facts.plaintext["application_protocol"] = detected
            is_spared = must_spare(transport.allowance, visit.known)
            verified = None if is_spared else await self._verify(visit, inputs)
            faults = [] if verified else await self._ask(visit, facts, is_spared=is_spared)
        finally:
            await transport.close()
        cost = self._cost(visit)
        if verified is not None:
            seen = replace(verified, endpoint=endpoint, started_at=visit.started_at, cost=cost)
            return seen if visit.is_remembered else await self._check_chains(seen, None)
        seen = await self._observe(visit, cost, facts, faults)
        if is_spared:
            return await self._check_chains(await self._merged(visit, seen), None)
        return await self._check_chains(seen, facts.stapled)

    async def _ask(self, visit: _Visit, facts: VisitFacts, *, is_spared: bool) -> list[str]:
        """Asks everything, or as little as a server that counts broken connections allows; returns our own errors."""
        if is_spared:
            visit.say("finished handshakes only: the server counts others")
            await finish_known_versions(visit.prober, facts, visit.known)
            if visit.transport.allowance is not None and visit.known is None and facts.speaks_any:
                visit.prober.spent = over_allowance(visit.transport.allowance).detail
            return []
        level = self._level_for(visit.endpoint.target)
        say = with_facts(visit.say, visit.transport.budget, facts)
        return await run_stages(visit.prober, facts, level, self._settings.parts, say)

    async def _merged(self, visit: _Visit, seen: Observation) -> Observation:
        """``seen`` with the known facts that a spared server was not asked for; known chains are judged again."""
        merged = with_known_facts(seen, visit.known)
        if merged.certificates is seen.certificates:
            return merged
        stores = self._stores_for(visit.endpoint)
        judged = await judge_again(merged, visit.endpoint.target, visit.started_at, stores)
        return replace(merged, certificates=seen.certificates if judged is None else judged)

    def _cost(self, visit: _Visit) -> Cost:
        budget = visit.transport.budget
        return Cost(
            # Microseconds, as in its JSON, so that the value read back equals the original.
            duration_seconds=round(self._clock.monotonic() - visit.began, 6),
            connections=budget.connections,
            bytes_sent=budget.bytes_sent,
            bytes_received=budget.bytes_received,
            throttled=visit.transport.throttled,
            cut_short=any(one.is_past_deadline for one in visit.prober.exchanges),
        )

    async def _observe(
        self, visit: _Visit, cost: Cost, facts: VisitFacts, faults: list[str]
    ) -> Observation:
        """The Observation of a visit that asked all questions, with its chains judged."""
        endpoint, budget = visit.endpoint, visit.transport.budget
        certificates = await judge_chains(
            facts, endpoint.target, visit.started_at, self._stores_for(endpoint), budget
        )
        spent = over_budget(budget.exhausted).detail if budget.exhausted else visit.prober.spent
        failures = [one.failure for one in facts.handshakes if one.failure is not None]
        state, reason = state_of(
            facts, visit.prober.exchanges, failures=failures, spent=spent, faults=faults
        )
        seen = Observation(
            tool_version=TOOL_VERSION,
            mode=Mode.ENUMERATE,
            endpoint=endpoint,
            started_at=visit.started_at,
            cost=cost,
            state=state,
            reason=reason,
            certificates=certificates,
            **facts.sections(),
        )
        return named_as_dtls(seen) if endpoint.target.is_dtls else seen

    async def _check_chains(self, seen: Observation, stapled: list[Stapled] | None) -> Observation:
        """Adds revocation, logs and DNS of the chains, as far as the rest of the visit allows."""
        left = self._settings.deadline_seconds - seen.cost.duration_seconds
        checked = await self._chain_checks.check(
            seen.certificates, stapled, seen.started_at, left, seen.endpoint.target
        )
        return replace(seen, certificates=checked)

    def plan(self, seen: Observation) -> VerificationPlan | None:
        """The plan by which later visits may verify ``seen`` from memory; None if they need its evidence or its
        raw certificates."""
        needs_more = self._settings.fetch or self._settings.dns_records
        if needs_more or blocks_clients(seen.application_protocol):
            return None
        return plan_of(seen)

    def is_still_judged(self, known: Observation, endpoint: Endpoint, at: datetime) -> bool:
        """Whether the judgement of the known chains holds for ``endpoint`` at that time too: the trust stores are the
        same, and no certificate's validity, of a chain or of a trust store, has begun or ended since."""
        stores, known_stores = map(self._stores_for, (endpoint, known.endpoint))
        return stores.keys() == known_stores.keys() and is_judgement_valid(known, at, stores)

    def _stores_for(self, endpoint: Endpoint) -> Mapping[str, TrustStore]:
        """The trust stores that the target's label names; all without a label. An unknown name gets an empty
        store, which trusts no chain, so that the mistake shows."""
        wanted = endpoint.target.labels.get(TRUST_STORES)
        if wanted is None:
            return self._stores
        names = [name.strip() for name in wanted.split(",") if name.strip()]
        return {name: self._stores.get(name) or TrustStore(name, lambda: ()) for name in names}

    def _level_for(self, target: Target) -> Intrusiveness:
        """The level in the target's label, else the usual one."""
        return level_of(target) or self._settings.intrusiveness

    def within(self, deadline_seconds: float, parts: frozenset[Part] | None = None) -> Engine:
        """A copy with a deadline of at most this length, and its own ``parts`` if given; everything else is shared."""
        other, usual = copy(self), self._settings
        deadline = min(deadline_seconds, usual.deadline_seconds)
        other._settings = replace(usual, deadline_seconds=deadline, parts=parts or usual.parts)
        return other

    @property
    def user_agent(self) -> str:
        """Our name in HTTP requests."""
        return self._settings.user_agent

    async def carry(
        self,
        endpoint: Endpoint,
        dialogue: Dialogue[Result],
        *,
        over_tls: bool = True,
        patience_seconds: float | None = None,
    ) -> Result | ConnectFailure:
        """The result of one Dialogue with an endpoint that has an address, on a connection of its own: where TLS
        begins, or with the server's first byte.

        It waits for no visit: if it did, a server would look down because of our own queue.
        """
        options = transport_options(endpoint, self._settings)
        politeness = Politeness(self._settings)
        session = EndpointSession(options, self._settings, politeness, self._clock)
        try:
            converse = session.converse if over_tls else session.converse_in_plaintext
            return await converse(dialogue, patience_seconds)
        finally:
            await session.close()

    def identity_for(self, endpoint: Endpoint) -> ClientIdentity | None:
        """The client certificate that the target's label names."""
        return transport_options(endpoint, self._settings).identity

    def paths(self, endpoint: Endpoint, chain: Sequence[Certificate]) -> Mapping[str, Path]:
        """The path by which ``chain`` verifies now, for each of the engine's trust stores that trusts it."""
        at = self._clock.now()
        paths = {name: one.path(chain, at) for name, one in self._stores_for(endpoint).items()}
        return {name: tuple(map(parse_certificate, path)) for name, path in paths.items() if path}

    def _transport(self, endpoint: Endpoint, options: TransportOptions) -> ProbeTransport:
        politeness = self.politeness.for_host(endpoint.target.host)
        return transport_to(options, self._settings, politeness, self._clock, self._stream)

    async def _verify(self, visit: _Visit, inputs: VisitInputs) -> Observation | None:
        """``known`` with its chains judged as of now; None if anything differs, or if a question that was not
        allowed before is allowed now.

        If the visit's time ends before every question is asked, the answers so far show no difference: more
        questions would get no answer, so ``known`` stays, and the reason says so."""
        known, plan, target = visit.known, visit.plan, visit.endpoint.target
        if known is None or target.is_dtls or visit.transport.allowance is not None:
            return None
        if self._settings.parts <= expected_versions.PARTS:
            visit.say("whether versions and certificates changed")
            stores = self._stores_for(visit.endpoint)
            return await as_expected(visit.prober, target, known, visit.started_at, stores)
        if plan is None:
            return None
        if any(map(self._level_for(target).allows, known.not_asked.values())):
            return None
        visit.say("whether anything changed")
        facts = VisitFacts(inputs=inputs)
        unchanged = await ask_whether_unchanged(visit.prober, facts, known, plan)
        if unchanged is Verdict.NO or not facts.spoken:
            return None
        if visit.is_remembered:
            is_judged = self.is_still_judged(known, visit.endpoint, visit.started_at)
            certificates = known.certificates if is_judged else None
        else:
            stores = self._stores_for(visit.endpoint)
            certificates = await judge_again(known, target, visit.started_at, stores)
        if certificates is None:
            return None
        return replace(
            known,
            tool_version=TOOL_VERSION,
            mode=Mode.VERIFY,
            reason=_OUT_OF_TIME if unchanged is Verdict.UNKNOWN else None,
            certificates=certificates,
        )
