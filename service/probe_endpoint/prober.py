"""Probes one target when ``/probe`` is scraped, and returns the page of its metrics.

No packet is sent before the target is known to be allowed. Equal requests share one visit, a limited number
run in parallel, within limits of connections that are apart from those of the schedule. Facts that are
not probed now come from the inventory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from functools import partial
from typing import Final

from exporters.prometheus import MetricOptions
from exporters.prometheus.other_exporters.handshake_summary import HttpSummary
from exporters.prometheus.probe_page import OwnResult, probe_page
from model.frozen import frozen
from model.observation import Observation
from model.ports import Clock, NotVisitedError
from model.snapshot import EndpointStatus
from model.target import Endpoint, Target, is_ip_address
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from scheduling.resolve import Resolution, unresolved
from service.config.modules.module import ModuleSettings
from service.config.modules.on_demand import OnDemandSettings
from service.probe_endpoint.allowed import Allowed
from service.probe_endpoint.exporter_client import ClientResult
from service.probe_endpoint.merged_status import merged
from service.probe_endpoint.module_choices import RefusedError, labels_for
from service.probe_endpoint.module_visit import (
    ClientContext,
    Module,
    Times,
    as_client,
    ask,
    modules_of,
    summarize,
)
from service.probe_endpoint.places import Places
from service.probe_endpoint.probe_request import ProbeRequest, request_of
from service.probe_endpoint.verdict import holds
from service.probe_endpoint.web_address import NoTargetError

_USUAL_TIMEOUT_SECONDS: Final = 10.0
_MARGIN_SECONDS: Final = 0.5
"""The page should be sent this much earlier than the scraper's timeout."""

_MARGIN_SHARE: Final = 0.25
_WAITING_FOR_EACH_PLACE: Final = 8
_NOTHING: Final = ClientResult(failure=None)
"""Of a module without the other exporters' names."""


@frozen
class ProberContext:
    """What the prober needs from the running service.

    ``target_of`` returns the inventory's target of a key, ``status_of`` the known status of an endpoint.
    ``guarding`` is active while an endpoint is probed, and may raise NotVisitedError.
    """

    engine: Engine
    settings: ProbeSettings
    clock: Clock
    allowed: Allowed
    resolve: Callable[[Target], Awaitable[Resolution]]
    target_of: Callable[[str], Target | None]
    status_of: Callable[[str], EndpointStatus | None]
    guarding: Callable[[Endpoint], AbstractAsyncContextManager[None]]


_Key = tuple[str, ProbeRequest, int]
"""Requests are equal if these are: the module, what it probes, and the number of reloads of the settings."""


class OnDemandProber:
    """Serves ``/probe`` with the modules of ``settings``."""

    def __init__(self, settings: OnDemandSettings, around: ProberContext) -> None:
        self._settings = settings
        self.around = around
        self._modules = modules_of(
            settings, around.settings, around.clock, around.engine.politeness
        )
        self.places = Places(settings.max_concurrent_probes)
        self._reloads = 0
        self._running: dict[_Key, asyncio.Task[str]] = {}

    def reconfigure(self, settings: OnDemandSettings, around: ProberContext) -> None:
        """Use ``settings`` from now on. Running probes continue, and count towards the new limits too."""
        self._modules = modules_of(
            settings, around.settings, around.clock, around.engine.politeness
        )
        self._settings, self.around = settings, around
        self.places.allow(settings.max_concurrent_probes)
        # No client gets the page of a probe that only the previous settings allowed.
        self._reloads += 1

    async def page(
        self,
        target_text: str | None,
        *,
        module_name: str | None = None,
        server_name: str | None = None,
        scrape_timeout: str | None = None,
    ) -> str:
        """The page of metrics, in Prometheus' text format.

        ``scrape_timeout`` is the scraper's header, in seconds.

        Raises:
            RefusedError: if the request cannot or may not be served.
        """
        module = self.module(module_name)
        deadline = _deadline_seconds(module.settings, scrape_timeout)
        text = module.settings.target or target_text
        if not text:
            raise RefusedError(400, "the target is missing: use /probe?target=HOST:PORT")
        try:
            request = request_of(module.settings, text, server_name)
        except NoTargetError as error:
            return self._failed(module, str(error), Times.none(deadline))
        target = self.target(request, module.settings)
        key = (module.name, request, self._reloads)
        running = self._running.get(key)
        if running is None:
            if len(self._running) >= self._settings.max_concurrent_probes * (
                1 + _WAITING_FOR_EACH_PLACE
            ):
                raise RefusedError(
                    503,
                    "too many probes are waiting: scrape less often, or raise on_demand.max_concurrent_probes",
                )
            running = asyncio.create_task(self._probe(module, target, request, deadline))
            self._running[key] = running
            running.add_done_callback(partial(self._end, key))
        done, _ = await asyncio.wait({running}, timeout=deadline + _MARGIN_SECONDS / 2)
        if not done:
            late = f"{target.key} did not answer within the scrape timeout"
            if module.settings.is_of_exporter:
                return self._failed(module, late, Times.none(deadline))
            raise RefusedError(504, late)
        return running.result()

    def _end(self, key: _Key, task: asyncio.Task[str]) -> None:
        del self._running[key]
        if not task.cancelled():
            # Each client that waited for the task gets the exception too, or has disconnected.
            task.exception()

    async def close(self) -> None:
        """Cancel all running probes."""
        for task in tuple(self._running.values()):
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def module(self, name: str | None) -> Module:
        """The module of this name, or the usual one; raises RefusedError."""
        try:
            return self._modules[name or self._settings.default_module]
        except KeyError:
            there = ", ".join(sorted(self._modules))
            raise RefusedError(400, f"unknown module {name!r}: use one of {there}") from None

    def target(self, request: ProbeRequest, module: ModuleSettings) -> Target:
        """The target, with its labels as the module uses them; raises RefusedError if it may not be probed."""
        asked, known = request.target, self._known(request)
        if known is None and self.around.allowed.is_for_the_inventory_alone:
            raise RefusedError(
                403,
                f"{asked.key} is not in the inventory, and other targets may not be probed: "
                "name a target as `tlsprobe inventory` does, up to the @, or add its network to "
                "on_demand.networks",
            )
        self.refuse(asked, self.around.allowed.refusal_of(asked))
        if is_ip_address(asked.host):
            is_known = known is not None
            self.refuse(asked, self.around.allowed.refusal(asked, asked.host, is_known=is_known))
        return replace(known or asked, labels=labels_for(module, known.labels if known else {}))

    def _known(self, request: ProbeRequest) -> Target | None:
        found = map(self.around.target_of, request.inventory_keys)
        return next((one for one in found if one is not None), None)

    def refuse(self, target: Target, refusal: str | None) -> None:
        """Raise RefusedError if there is a ``refusal``."""
        if refusal is not None:
            raise RefusedError(403, f"{target.key} may not be probed: {refusal}")

    async def _probe(
        self, module: Module, target: Target, request: ProbeRequest, deadline: float
    ) -> str:
        clock = self.around.clock
        ends_at = clock.monotonic() + deadline
        try:
            async with asyncio.timeout(deadline):
                await self.places.acquire()
        except TimeoutError:
            raise RefusedError(
                503,
                "too many probes are running: try again later, or raise on_demand.max_concurrent_probes",
            ) from None
        try:
            began, started_at = clock.monotonic(), clock.now()
            resolution = await self.around.resolve(target)
            took = clock.monotonic() - began
            endpoint = self._endpoint(module.settings, target, resolution)
            if endpoint is None:
                failure = (
                    resolution.failure or "The name has no address of the requested IP version."
                )
                times = Times(resolve_seconds=took, duration_seconds=took, timeout_seconds=deadline)
                status = self._status(unresolved(target, failure, started_at))
                return self._failed(module, failure, times, status)
            left = max(0.1, ends_at - clock.monotonic())
            return await self._asked(module, endpoint, request, took, left)
        except NotVisitedError as error:
            raise RefusedError(503, f"{target.key} cannot be probed now: {error}") from error
        finally:
            self.places.release()

    def _endpoint(
        self, module: ModuleSettings, target: Target, resolution: Resolution
    ) -> Endpoint | None:
        """The first address that may be probed; addresses of the preferred IP version come first."""
        wanted = [
            one
            for one in resolution.endpoints
            if _is_version(one, module.preferred_ip_version) or module.may_fall_back
        ]
        wanted.sort(key=lambda one: not _is_version(one, module.preferred_ip_version))
        if not wanted:
            return None
        is_known = self.around.target_of(target.key) is not None
        refusals = []
        for endpoint in wanted:
            refusals.append(
                self.around.allowed.refusal(target, endpoint.address or "", is_known=is_known)
            )
            if refusals[-1] is None:
                return endpoint
        self.refuse(target, refusals[0])
        return None

    async def _asked(
        self,
        module: Module,
        endpoint: Endpoint,
        request: ProbeRequest,
        resolve: float,
        deadline: float,
    ) -> str:
        settings, began = module.settings, self.around.clock.monotonic()
        around = ClientContext(
            monotonic=self.around.clock.monotonic, reach=partial(self._reach, settings)
        )
        status = self.around.status_of(endpoint.key)
        known = None if status is None else status.observation
        async with self.around.guarding(endpoint):
            seen = await ask(module, endpoint, request, deadline, around, known)
        took = resolve + self.around.clock.monotonic() - began
        times = Times(
            resolve_seconds=resolve, duration_seconds=took, timeout_seconds=resolve + deadline
        )
        own = None
        if seen.observation is not None:
            verifies = not settings.tls.insecure_skip_verify
            meets = holds(settings.expect, seen.observation, verifies=verifies)
            own = OwnResult(status=self._status(seen.observation), meets_expectations=meets)
        summary = summarize(settings, endpoint, seen.client or _NOTHING, times)
        return probe_page(summary, own, settings.emit, MetricOptions(detail=settings.detail))

    async def _reach(self, module: ModuleSettings, target: Target) -> Endpoint | str:
        """The endpoint that a redirect leads to, or why it may not be probed."""
        try:
            request = ProbeRequest(target=target)
            target = self.target(request, module)
            resolution = await self.around.resolve(target)
            endpoint = self._endpoint(module, target, resolution)
        except RefusedError as error:
            return str(error)
        if endpoint is None:
            return resolution.failure or "the name has no address of the requested IP version"
        return as_client(endpoint, request.target.protocol)

    def _failed(
        self, module: Module, failure: str, times: Times, status: EndpointStatus | None = None
    ) -> str:
        """The page of a probe that reached nothing."""
        settings = module.settings
        http = HttpSummary() if settings.asks_http else None
        result = ClientResult(failure=failure, http=http)
        own = OwnResult(status=status, meets_expectations=False) if status else None
        summary = summarize(settings, None, result, times)
        return probe_page(summary, own, settings.emit, MetricOptions(detail=settings.detail))

    def _status(self, observation: Observation) -> EndpointStatus:
        known = self.around.status_of(observation.endpoint.key)
        return merged(known, observation, self.around.clock.now())


def _deadline_seconds(module: ModuleSettings, scrape_timeout: str | None) -> float:
    """The shorter of both timeouts; the scraper's is reduced by a margin."""
    timeout = _USUAL_TIMEOUT_SECONDS
    if scrape_timeout:
        try:
            timeout = float(scrape_timeout)
        except ValueError:
            timeout = float("nan")
        if not 0 < timeout < 3600:
            raise RefusedError(
                400,
                f"X-Prometheus-Scrape-Timeout-Seconds is {scrape_timeout!r}: "
                "it must be a number of seconds above 0",
            )
        timeout -= min(_MARGIN_SECONDS, _MARGIN_SHARE * timeout)
    return min(timeout, module.timeout or timeout)


def _is_version(endpoint: Endpoint, version: int) -> bool:
    return (":" in (endpoint.address or "")) == (version == 6)
