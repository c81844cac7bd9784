"""Visits one endpoint: runs the checks within its limits and writes down what was learned.

The only place where errors become outcomes: whatever a server does, ``visit`` returns an
Observation. Stages of checks follow one another, for each builds on the one before; within a
stage they run side by side, as far as the address's share of connections lets them.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from datetime import datetime
from typing import Final, Protocol, TypeAlias
from urllib.parse import quote

from model.certificates.certificate import Certificate
from model.intrusiveness import Intrusiveness
from model.observation import Cost, Mode, Observation, State
from model.ports import Clock
from model.target import Endpoint, Target
from model.target_labels import (
    CLIENT_AUTH_PATH,
    CLIENT_IDENTITY,
    EXPIRED_CLIENT_IDENTITY,
    TRUST_STORES,
)
from model.verdict import Evidence, Fact, Verdict
from model.version import TOOL_VERSION
from pki.certificates import (
    TrustStore,
    load_trust_store,
    parse_certificate,
)
from pki.net_guard.politeness import Politeness
from probe.budget import Metered, VisitBudget
from probe.checks.catalogue import DATAGRAM_STAGES, STAGES, Check
from probe.checks.prober import NotAskedError, Prober, ProbeTransport, side_by_side
from probe.checks.verify import can_be_verified, is_unchanged
from probe.checks.visit_facts import (
    ASKED_VERSIONS,
    DATAGRAM_VERSIONS,
    OwnCertificate,
    Stapled,
    VisitFacts,
)
from probe.connect.datagram_session import DatagramSession
from probe.connect.dial import over_budget
from probe.connect.route import Route
from probe.connect.session import EndpointSession
from probe.connect.starttls.application import Application
from probe.connect.starttls.catalogue import AUTO, DTLS
from probe.connect.starttls.catalogue import application as application_named
from probe.connect.starttls.detect import LISTENS_SECONDS, Listening, spoken
from probe.connect.starttls.peer import Peer
from probe.crypto.identity import ClientIdentity
from probe.dialogue.answer import ConnectFailure
from probe.dialogue.handshake import Handshake
from probe.visit.chain_checks import ChainChecks
from probe.visit.chain_judging import judged, judged_anew
from probe.visit.dtls_versions import named_as_dtls
from probe.visit.settings import ProbeSettings
from probe.visit.simple_client import PlainClient
from probe.visit.state import state_of
from probe.visit.target_options import level_of, route_to, web_site_of

NONCE_LENGTH: Final = 64
"""Bytes for the random and the session id of a visit's hellos."""

_LOG = logging.getLogger(__name__)


class VisitSession(ProbeTransport, Protocol):
    """The way to one endpoint for one visit, and what the visit cost."""

    budget: VisitBudget
    throttled: bool
    identity: ClientIdentity | None
    expired_identity: ClientIdentity | None

    def go_by(self, route: Route) -> None:
        """Reaches the server by this route, from now on."""
        ...

    def begin_by(self, application: Application, peer: Peer) -> None:
        """Goes over to TLS as this protocol has it, from now on."""
        ...

    async def close(self) -> None:
        """Ends the visit's connections."""
        ...


Path: TypeAlias = tuple[Certificate, ...]
"""A chain that verifies, from its leaf to a trust store's anchor."""

SessionFactory: TypeAlias = Callable[[tuple[str, int], Politeness], VisitSession]
"""Makes the way to an address and port; recordings and replays have ways of their own."""


class Engine:
    """Visits endpoints, any number side by side, within one process's limits.

    Raises:
        TrustStoreError: at construction, when a trust store's file cannot be used.
        LogListError: at construction, when the log list cannot.
    """

    def __init__(
        self,
        settings: ProbeSettings,
        clock: Clock,
        line_to: SessionFactory | None = None,
        politeness: Politeness | None = None,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self.politeness = politeness or Politeness(settings)
        self._line_to = line_to
        self._stores: Mapping[str, TrustStore] = {
            name: load_trust_store(name, path) for name, path in settings.trust_stores.items()
        }
        self._surroundings = ChainChecks(settings, self._stores, self.politeness)

    async def visit(
        self,
        endpoint: Endpoint,
        on_progress: Callable[[str], None] | None = None,
        *,
        known: Observation | None = None,
    ) -> Observation:
        """Everything one visit learns; takes no longer than the deadline allows.

        Where the last Observation is ``known``, it is verified first, and all is asked only where
        something differs. ``on_progress`` gets short phrases on what is being asked. Only
        cancellation is raised.
        """
        if endpoint.address is None:
            raise ValueError(f"{endpoint.key} has no address to visit")
        line = self._line(endpoint.address, endpoint)
        return await Metered(
            line.budget, self._visit(endpoint, line, on_progress or _say_nothing, known)
        )

    async def _visit(
        self,
        endpoint: Endpoint,
        line: VisitSession,
        say: Callable[[str], None],
        known: Observation | None,
    ) -> Observation:
        began, started_at = self._clock.monotonic(), self._clock.now()
        is_dtls = endpoint.target.protocol == DTLS
        try:
            prober = Prober(line)
            facts = VisitFacts(
                server_name=endpoint.target.server_name,
                host=endpoint.target.host,
                own_certificate=_told_of(line.identity),
                expired_certificate=_told_of(line.expired_identity),
                client_auth_path=_path_of(endpoint.target),
                user_agent=self._settings.user_agent,
                web=web_site_of(endpoint.target),
                asked_versions=DATAGRAM_VERSIONS if is_dtls else ASKED_VERSIONS,
            )
            level = self._level_for(endpoint.target)
            await self._begin(line, endpoint.target, facts)
            verified = await self._verified(prober, endpoint, started_at, known, say)
            faults = [] if verified else await self._run(prober, facts, level, say)
        finally:
            await line.close()
        cost = Cost(
            # Microseconds, as its JSON has it, so that what is read back equals what was learned.
            duration_seconds=round(self._clock.monotonic() - began, 6),
            connections=line.budget.connections,
            bytes_sent=line.budget.bytes_sent,
            bytes_received=line.budget.bytes_received,
            throttled=line.throttled,
        )
        if verified is not None:
            seen = replace(verified, endpoint=endpoint, started_at=started_at, cost=cost)
            return await self._with_surroundings(seen, None)
        stores = self._stores_for(endpoint)
        certificates = await judged(facts, endpoint.target, started_at, stores, line.budget)
        seen = self._observation(endpoint, started_at, cost, prober, facts, faults)
        reason = _with_limit(seen.reason, line.budget, prober)
        seen = replace(seen, certificates=certificates, reason=reason)
        if is_dtls:
            seen = named_as_dtls(seen)
        return await self._with_surroundings(seen, facts.stapled)

    async def _begin(self, line: VisitSession, target: Target, facts: VisitFacts) -> None:
        """Finds the protocol, and how TLS begins in it."""
        if target.protocol == AUTO:
            greeting = await line.converse_in_clear(Listening(), LISTENS_SECONDS)
            heard = b"" if isinstance(greeting, ConnectFailure) else greeting
            application = spoken(heard, target.port)
            facts.plaintext["application_protocol"] = _shown(application, heard)
        else:
            application = application_named(target.protocol)
        peer = Peer(name=target.server_name or target.host)
        line.begin_by(application, peer)
        facts.begins_in_clear = application.upgrade is not None
        facts.injection = application.injection
        facts.looks_in_clear = application.looks_in_clear(peer)

    async def _with_surroundings(
        self, seen: Observation, stapled: list[Stapled] | None
    ) -> Observation:
        """With what stands beside the chains, as far as what is left of the visit allows."""
        left = self._settings.deadline_seconds - seen.cost.duration_seconds
        around = await self._surroundings.judged(
            seen.certificates, stapled, seen.started_at, left, seen.endpoint.target
        )
        return replace(seen, certificates=around)

    def _stores_for(self, endpoint: Endpoint) -> Mapping[str, TrustStore]:
        """Those that the target's label names; all without one. A name that is no store's is a
        store that trusts nobody, so that it shows."""
        wanted = endpoint.target.labels.get(TRUST_STORES)
        if wanted is None:
            return self._stores
        names = [name.strip() for name in wanted.split(",") if name.strip()]
        return {name: self._stores.get(name) or _nobody(name) for name in names}

    def _level_for(self, target: Target) -> Intrusiveness:
        """The label's level, else the usual one."""
        return level_of(target) or self._settings.intrusiveness

    def _identity_for(self, endpoint: Endpoint, label: str) -> ClientIdentity | None:
        name = endpoint.target.labels.get(label)
        return self._settings.client_identities.get(name) if name is not None else None

    def within(self, deadline_seconds: float) -> Engine:
        """One for visits that may take no longer than so, and that shares all else with this one."""
        shorter = copy(self)
        deadline = min(deadline_seconds, self._settings.deadline_seconds)
        shorter._settings = replace(self._settings, deadline_seconds=deadline)
        return shorter

    @property
    def user_agent(self) -> str:
        """How its HTTP requests name us."""
        return self._settings.user_agent

    async def greet(self, endpoint: Endpoint, client: PlainClient) -> Handshake | None:
        """What ``client`` gets of an endpoint with an address; None where it spoke no version."""
        line = self._line(endpoint.address or "", endpoint)
        try:
            facts = VisitFacts(server_name=endpoint.target.server_name, host=endpoint.target.host)
            await self._begin(line, endpoint.target, facts)
            return await client.greet(line, endpoint.target.server_name)
        finally:
            await line.close()

    def paths(self, endpoint: Endpoint, chain: Sequence[Certificate]) -> Mapping[str, Path]:
        """The path by which ``chain`` verifies now, for each trust store of its own that takes it."""
        at = self._clock.now()
        paths = {name: one.path(chain, at) for name, one in self._stores_for(endpoint).items()}
        return {name: tuple(map(parse_certificate, path)) for name, path in paths.items() if path}

    def _line(self, address: str, endpoint: Endpoint) -> VisitSession:
        is_dtls = endpoint.target.protocol == DTLS
        line_to = self._new_datagram_line if is_dtls else self._line_to or self._new_line
        politeness = self.politeness.for_host(endpoint.target.host)
        line = line_to((address, endpoint.target.port), politeness)
        line.identity = self._identity_for(endpoint, CLIENT_IDENTITY)
        line.expired_identity = self._identity_for(endpoint, EXPIRED_CLIENT_IDENTITY)
        target, settings = endpoint.target, self._settings
        gate = settings.gate.named(target.host, target.server_name)
        line.go_by(replace(route_to(target, settings.route, settings.proxies), gate=gate))
        return line

    def _new_line(self, address: tuple[str, int], politeness: Politeness) -> VisitSession:
        nonce = secrets.token_bytes(NONCE_LENGTH)
        return EndpointSession(address, self._settings, politeness, self._clock, nonce=nonce)

    def _new_datagram_line(self, address: tuple[str, int], politeness: Politeness) -> VisitSession:
        nonce = secrets.token_bytes(NONCE_LENGTH)
        return DatagramSession(address, self._settings, politeness, self._clock, nonce=nonce)

    async def _verified(
        self,
        prober: Prober,
        endpoint: Endpoint,
        at: datetime,
        known: Observation | None,
        on_progress: Callable[[str], None],
    ) -> Observation | None:
        """``known``, with its chains judged as of now; None where anything differs, or where what
        was not asked before is allowed now."""
        if known is None or endpoint.target.protocol == DTLS or not can_be_verified(known):
            return None
        if any(map(self._level_for(endpoint.target).allows, known.not_asked.values())):
            return None
        on_progress("whether anything changed")
        facts = VisitFacts(server_name=endpoint.target.server_name)
        if not await is_unchanged(prober, facts, known):
            return None
        certificates = await judged_anew(known, endpoint.target, at, self._stores_for(endpoint))
        if certificates is None:
            return None
        return replace(
            known,
            tool_version=TOOL_VERSION,
            mode=Mode.VERIFY,
            reason=None,
            certificates=certificates,
        )

    def _observation(
        self,
        endpoint: Endpoint,
        started_at: datetime,
        cost: Cost,
        prober: Prober,
        facts: VisitFacts,
        faults: list[str],
    ) -> Observation:
        state, reason = state_of(facts, prober.exchanges)
        if faults:
            state = State.TLS if facts.speaks_any else State.ERROR
            reason = f"A fault of ours: {'; '.join(faults)}."
        return Observation(
            tool_version=TOOL_VERSION,
            mode=Mode.ENUMERATE,
            endpoint=endpoint,
            started_at=started_at,
            cost=cost,
            state=state,
            reason=reason,
            **facts.sections(),
        )

    async def _run(
        self,
        prober: Prober,
        facts: VisitFacts,
        level: Intrusiveness,
        on_progress: Callable[[str], None],
    ) -> list[str]:
        """Runs all stages; returns what went wrong on our side, which costs only its facts."""
        faults: list[str] = []

        async def guarded(check: Check) -> None:
            try:
                await _ask(check, prober, facts, level)
            except Exception as fault:
                name = check.ask.__name__
                _LOG.exception("the check %s failed", name)
                faults.append(f"{name} failed with {type(fault).__name__}")

        is_dtls = facts.asked_versions is DATAGRAM_VERSIONS
        for stage in DATAGRAM_STAGES if is_dtls else STAGES:
            if not (stage.is_first_contact or facts.speaks_any):
                break
            checks = [check for check in stage.checks if check.part in self._settings.parts]
            if checks:
                on_progress(stage.phrase)
            await side_by_side(*(guarded(check) for check in checks))
        return faults


async def _ask(check: Check, prober: Prober, facts: VisitFacts, level: Intrusiveness) -> None:
    """Asks, as far as ``level`` allows; notes which facts stay absent because of it."""
    if level.allows(check.level):
        await check.ask(prober, facts)
        return
    try:
        await check.ask(prober.silenced(), facts)
    except* NotAskedError:
        facts.leave_unasked((*check.facts, *check.other_facts), check.level)


def _shown(application: Application, greeting: bytes) -> Fact:
    note = "its greeting shows it" if greeting else "it did not greet; by its port"
    proof = Evidence(answer=greeting or None, note=note)
    return Fact(verdict=Verdict.YES, evidence=proof, value=application.name)


def _nobody(name: str) -> TrustStore:
    return TrustStore(name, lambda: ())


def _told_of(identity: ClientIdentity | None) -> OwnCertificate | None:
    if identity is None:
        return None
    return OwnCertificate(name=identity.name, sha256=identity.sha256, not_after=identity.not_after)


def _path_of(target: Target) -> str | None:
    """The labelled path as it goes into a request; None without one that begins with a slash."""
    path = target.labels.get(CLIENT_AUTH_PATH, "")
    return quote(path, safe="/?&=%+:,;@!$'()*~") if path.startswith("/") else None


def _with_limit(reason: str | None, budget: VisitBudget, prober: Prober) -> str | None:
    """The visit's reason, and which limit of its budget was reached, if one was."""
    spent = over_budget(budget.exhausted).detail if budget.exhausted else prober.spent
    if spent is None or (reason is not None and spent in reason):
        return reason
    return f"{spent[:1].upper()}{spent[1:]}. {reason or ''}".rstrip()


def _say_nothing(_: str) -> None:
    return
