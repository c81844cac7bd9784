"""Probes one endpoint with one module: a visit, a plain client's handshake, and the summary of both."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from exporters.prometheus.other_exporters.handshake_summary import HandshakeSummary
from exporters.prometheus.probe_page import Names
from model.certificates.certificate import Certificate, Revocation, RevocationMethod
from model.observation import Observation
from model.ports import Clock
from model.target import Endpoint
from model.target_labels import CLIENT_IDENTITY
from pki.certificates import parse_certificate
from pki.net_guard.politeness import Politeness
from probe.checks.check_groups import parse_parts
from probe.checks.part import Part
from probe.crypto.identity import load_identity
from probe.dialogue.handshake import Handshake
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from probe.visit.simple_client import PlainClient
from probe.web.status_line import http_status
from service.config.modules import ModuleSettings, OnDemandSettings
from service.probe_endpoint.module_choices import OWN
from service.probe_endpoint.verdict import holds, is_as_asserted

_FOREIGN: Final = frozenset({Names.BLACKBOX_EXPORTER, Names.SSL_EXPORTER})
_STAPLE_PARTS: Final = frozenset({Part.VERSIONS, Part.CERTIFICATES, Part.REVOCATION})


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """A module of the configuration, with the engine that probes by it."""

    name: str
    settings: ModuleSettings
    engine: Engine


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """The results of one probe; None for what the module does not probe."""

    observation: Observation | None
    handshake: Handshake | None


def modules_of(
    settings: OnDemandSettings, usual: ProbeSettings, clock: Clock, politeness: Politeness
) -> Mapping[str, Module]:
    """The modules by name, each with its own engine; the engines share the service's limits of connections."""
    return {
        name: Module(name=name, settings=module, engine=_engine(module, usual, clock, politeness))
        for name, module in settings.modules.items()
    }


async def ask(module: Module, endpoint: Endpoint, path: str | None, deadline: float) -> Seen:
    """Visit ``endpoint`` and connect to it as a plain client, in parallel, in at most ``deadline`` seconds."""
    engine = module.engine.within(deadline)
    observation, handshake = await asyncio.gather(
        _visit(engine, endpoint, module.settings), _greet(engine, endpoint, module.settings, path)
    )
    return Seen(observation=observation, handshake=handshake)


def summarize(
    module: Module,
    endpoint: Endpoint,
    seen: Seen,
    *,
    resolve_seconds: float,
    duration_seconds: float,
) -> HandshakeSummary:
    """The plain client's result in the terms of the other exporters, and whether all assertions hold."""
    settings, handshake = module.settings, seen.handshake
    chain = tuple(map(parse_certificate, handshake.certificates)) if handshake else ()
    paths: tuple[tuple[Certificate, ...], ...] = ()
    if chain and not settings.tls.insecure_skip_verify:
        paths = tuple(dict.fromkeys(module.engine.paths(endpoint, chain).values()))
    return HandshakeSummary(
        prober=settings.prober,
        is_success=_is_success(settings, endpoint, seen.observation, handshake, chain, paths),
        duration_seconds=duration_seconds,
        resolve_seconds=resolve_seconds,
        address=endpoint.address,
        version=handshake.offer.version if handshake and chain else None,
        cipher_suite=handshake.cipher_suite if handshake and chain else None,
        chain=chain,
        paths=paths,
        staple=_staple(seen.observation, chain),
        http_status=_http_status(settings, handshake, is_verified=bool(paths)),
    )


async def _visit(engine: Engine, endpoint: Endpoint, module: ModuleSettings) -> Observation | None:
    if set(module.emit) == {Names.BLACKBOX_EXPORTER}:
        return None
    return await engine.visit(endpoint)


async def _greet(
    engine: Engine, endpoint: Endpoint, module: ModuleSettings, path: str | None
) -> Handshake | None:
    if not _FOREIGN & set(module.emit):
        return None
    client = PlainClient(
        versions=module.tls.versions,
        path=path,
        user_agent=engine.user_agent,
        shows_certificate=CLIENT_IDENTITY in endpoint.target.labels,
    )
    return await engine.greet(endpoint, client)


def _is_success(
    module: ModuleSettings,
    endpoint: Endpoint,
    observation: Observation | None,
    handshake: Handshake | None,
    chain: tuple[Certificate, ...],
    paths: tuple[tuple[Certificate, ...], ...],
) -> bool:
    """Whether the plain client and the visit, as far as they were requested, meet the assertions."""
    host = endpoint.target.reference_name
    if _FOREIGN & set(module.emit) and not is_as_asserted(
        module, handshake, chain, host, is_verified=bool(paths)
    ):
        return False
    if Names.TLSPROBE not in module.emit or observation is None:
        return True
    return holds(module.expect, observation, verifies=not module.tls.insecure_skip_verify)


def _http_status(
    module: ModuleSettings, handshake: Handshake | None, *, is_verified: bool
) -> int | None:
    """0 without a response, or if a verifying client would not send a request; None without HTTP."""
    if not module.asks_http:
        return None
    would_ask = is_verified or module.tls.insecure_skip_verify
    return (http_status(handshake.reply) or 0) if handshake is not None and would_ask else 0


def _staple(observation: Observation | None, chain: tuple[Certificate, ...]) -> Revocation | None:
    """The staple for the leaf that the plain client received."""
    if observation is None or not chain:
        return None
    words = (
        word
        for deployment in observation.own_certificates
        for word in deployment.revocations
        if deployment.leaf.sha256 == chain[0].sha256
    )
    return next(
        (one for one in words if one.method is RevocationMethod.STAPLE and one.position == 0), None
    )


def _engine(
    module: ModuleSettings, usual: ProbeSettings, clock: Clock, politeness: Politeness
) -> Engine:
    """An engine for the module, which shares the service's limits of connections."""
    tls, settings = module.tls, usual
    parts = parse_parts(module.checks) if Names.TLSPROBE in module.emit else _STAPLE_PARTS
    if Names.SSL_EXPORTER in module.emit:
        parts |= _STAPLE_PARTS
    if tls.ca_file is not None:
        settings = replace(settings, trust_stores={OWN: tls.ca_file})
    if tls.cert_file is not None:
        identity = load_identity(OWN, tls.cert_file, tls.key_file)
        settings = replace(settings, client_identities={OWN: identity})
    return Engine(replace(settings, parts=parts), clock, politeness=politeness)
