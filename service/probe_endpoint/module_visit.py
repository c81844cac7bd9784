"""Probes one endpoint with one module: a visit for tlsprobe's names, a plain client for the other exporters'."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from exporters.prometheus.other_exporters.handshake_summary import HandshakeSummary
from exporters.prometheus.probe_page import Names
from model.frozen import frozen
from model.observation import Observation
from model.ports import Clock
from model.target import Endpoint, Target
from model.target_labels import TRUST_STORES
from pki.certificates import TrustStoreError, load_trust_store
from pki.net_guard.politeness import Politeness
from probe.budget import BudgetLimits
from probe.checks.check_groups import parse_parts
from probe.crypto.identity import load_identity
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from service.config.modules.module import ModuleSettings
from service.config.modules.on_demand import OnDemandSettings
from service.probe_endpoint.exporter_client import ClientResult, ExporterClient
from service.probe_endpoint.module_choices import OWN
from service.probe_endpoint.probe_request import ProbeRequest
from service.probe_endpoint.staple import staple_of

_SYSTEM: Final = Path("system")
_NO_SINGLE_LIMIT_SECONDS: Final = 3600.0
"""The other exporters have one limit for the whole probe."""

_MOST_BYTES: Final = 64 * 2**20
"""Of one response, whose body is read to its end."""


@frozen
class Module:
    """A module of the configuration, with its engines: for a visit, and for a plain client if it is another
    exporter's."""

    name: str
    settings: ModuleSettings
    engine: Engine
    client: Engine | None


@frozen
class ClientContext:
    """What a plain client needs of the service: a clock, and how to reach the target of a redirect."""

    monotonic: Callable[[], float]
    reach: Callable[[Target], Awaitable[Endpoint | str]]


@frozen
class Seen:
    """The results of one probe; None for what the module does not probe."""

    observation: Observation | None
    client: ClientResult | None


@frozen
class Times:
    """How long the parts of one probe took, and how long it might take."""

    resolve_seconds: float
    duration_seconds: float
    timeout_seconds: float

    @classmethod
    def none(cls, timeout_seconds: float) -> Times:
        """Of a probe that was not tried."""
        return cls(resolve_seconds=0.0, duration_seconds=0.0, timeout_seconds=timeout_seconds)


def modules_of(
    settings: OnDemandSettings, usual: ProbeSettings, clock: Clock, politeness: Politeness
) -> Mapping[str, Module]:
    """The modules by name, each with its own engines. All share limits that are apart from those of the schedule, whose
    ``politeness`` it is: a scrape does not wait for scheduled visits."""
    most = settings.max_concurrent_probes * usual.connections_per_address
    own_limits = replace(
        usual, connections_open=min(usual.connections_open, most), starts_in_bursts=True
    )
    apart = politeness.apart(own_limits)

    def engine(probes: ProbeSettings) -> Engine:
        return Engine(probes, clock, politeness=apart)

    modules = {}
    for name, module in settings.modules.items():
        own = _with_files(module, usual)
        modules[name] = Module(
            name=name,
            settings=module,
            engine=engine(replace(own, parts=parse_parts(module.checks))),
            client=engine(_as_client(module, own)) if module.is_of_exporter else None,
        )
    return modules


async def ask(
    module: Module,
    endpoint: Endpoint,
    request: ProbeRequest,
    deadline: float,
    around: ClientContext,
    known: Observation | None,
) -> Seen:
    """Visit ``endpoint`` and connect to it as a plain client, in parallel, in at most ``deadline`` seconds.

    ``known`` is its last Observation: what it says is verified first.
    """
    observation, client = await asyncio.gather(
        _visit(module, endpoint, deadline, known),
        _connect(module, endpoint, request, deadline, around),
    )
    return Seen(observation=observation, client=client)


def summarize(
    module: ModuleSettings, endpoint: Endpoint | None, result: ClientResult, times: Times
) -> HandshakeSummary:
    """The plain client's result in the terms of the other exporters."""
    handshake, http = result.handshake, result.http
    if http is not None:
        resolve = times.resolve_seconds + http.phases.get("resolve", 0.0)
        http = replace(http, phases={**http.phases, "resolve": resolve})
    return HandshakeSummary(
        prober=module.prober,
        is_success=result.failure is None,
        failure=result.failure,
        duration_seconds=times.duration_seconds,
        resolve_seconds=times.resolve_seconds,
        timeout_seconds=times.timeout_seconds,
        address=endpoint.address if endpoint else None,
        version=handshake.version if handshake else None,
        cipher_suite=handshake.cipher_suite if handshake else None,
        chain=result.chain,
        paths=result.paths,
        staple=staple_of(handshake.staple) if handshake else None,
        http=http,
    )


async def _visit(
    module: Module, endpoint: Endpoint, deadline: float, known: Observation | None
) -> Observation | None:
    if Names.TLSPROBE not in module.settings.emit:
        return None
    return await module.engine.within(deadline).visit(endpoint, known=known, is_awaited=True)


async def _connect(
    module: Module,
    endpoint: Endpoint,
    request: ProbeRequest,
    deadline: float,
    around: ClientContext,
) -> ClientResult | None:
    if module.client is None:
        return None
    engine = module.client.within(deadline)
    client = ExporterClient(module.settings, engine, around.monotonic, around.reach)
    begun = as_client(endpoint, request.target.protocol)
    try:
        async with asyncio.timeout(deadline):
            if request.address is None:
                return await client.connect(begun)
            return await client.get(begun, request.address, request.host)
    except TimeoutError:
        return client.unanswered(f"it did not end within {deadline:g} s")


def as_client(endpoint: Endpoint, protocol: str) -> Endpoint:
    """The endpoint as a plain client sees it: ``protocol`` is how TLS begins, and the module's own store judges."""
    target = endpoint.target
    labels = {**target.labels, TRUST_STORES: OWN}
    return replace(endpoint, target=replace(target, protocol=protocol, labels=labels))


def _with_files(module: ModuleSettings, usual: ProbeSettings) -> ProbeSettings:
    """The usual settings with the module's own trust store and client certificate."""
    tls, settings = module.tls, usual
    if tls.ca_file is not None:
        settings = replace(settings, trust_stores={OWN: tls.ca_file})
    if tls.cert_file is not None:
        identity = load_identity(OWN, tls.cert_file, tls.key_file)
        settings = replace(settings, client_identities={OWN: identity})
    return settings


def _as_client(module: ModuleSettings, own: ProbeSettings) -> ProbeSettings:
    """Settings with the limits and the trust store of the other exporters."""
    return replace(
        own,
        trust_stores={OWN: module.tls.ca_file or _system_store()},
        connect_timeout_seconds=_NO_SINGLE_LIMIT_SECONDS,
        answer_timeout_seconds=_NO_SINGLE_LIMIT_SECONDS,
        greeting_timeout_seconds=_NO_SINGLE_LIMIT_SECONDS,
        budget=BudgetLimits(bytes_received=_MOST_BYTES),
    )


def _system_store() -> Path | None:
    """The system's list of CAs, as the other exporters use; Mozilla's where the system has none."""
    try:
        load_trust_store(OWN, _SYSTEM)
    except TrustStoreError:
        return None
    return _SYSTEM
