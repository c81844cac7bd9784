"""Visits a target that a person requests now, at every address that may be probed, within the limits of ``/probe``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from discovery.targets import TargetError, parse_target
from model.frozen import frozen
from model.observation import Observation
from model.ports import NotVisitedError
from model.target import Endpoint, Target
from scheduling.resolve import unresolved
from service.config.modules.on_demand import DEFAULT_MODULE
from service.probe_endpoint.module_choices import RefusedError
from service.probe_endpoint.module_visit import Module
from service.probe_endpoint.probe_request import ProbeRequest
from service.probe_endpoint.prober import OnDemandProber

_DEADLINE_SECONDS: Final = 60.0
"""Of one address."""

_MOST_ADDRESSES: Final = 16


@frozen
class Admitted:
    """A target that may be probed, as far as its name tells."""

    module: Module
    target: Target


class Observer:
    """Visits with the default module of ``prober``, in its places."""

    def __init__(self, prober: OnDemandProber) -> None:
        self._prober = prober

    def admit(self, text: str, server_name: str | None) -> Admitted:
        """The target that ``text`` names; raises RefusedError if it is invalid or may not be probed."""
        try:
            target = parse_target(text, server_name=server_name, source="probe")
        except TargetError as error:
            raise RefusedError(400, str(error)) from error
        module = self._prober.module(DEFAULT_MODULE)
        return Admitted(
            module=module, target=self._prober.target(ProbeRequest(target=target), module.settings)
        )

    async def observe(self, admitted: Admitted, say: Callable[[str], None]) -> list[Observation]:
        """One Observation for each address that may be probed; ``say`` is called with each step.

        Raises:
            RefusedError: if no address may be probed, or the endpoint is quarantined.
        """
        around, target = self._prober.around, admitted.target
        say("waiting for a place")
        await self._prober.places.acquire()
        try:
            say(f"resolving {target.host}")
            started_at = around.clock.now()
            resolution = await around.resolve(target)
            if resolution.failure is not None:
                return [unresolved(target, resolution.failure, started_at)]
            some = self._allowed(target, resolution.endpoints[:_MOST_ADDRESSES])
            return [await self._visit(admitted.module, one, say) for one in some]
        except NotVisitedError as error:
            raise RefusedError(503, f"{target.key} cannot be probed now: {error}") from error
        finally:
            self._prober.places.release()

    def _allowed(self, target: Target, endpoints: Sequence[Endpoint]) -> list[Endpoint]:
        around = self._prober.around
        is_known = around.target_of(target.key) is not None
        refusals = {
            one: around.allowed.refusal(target, one.address or "", is_known=is_known)
            for one in endpoints
        }
        allowed = [one for one, refusal in refusals.items() if refusal is None]
        if not allowed:
            self._prober.refuse(target, next(iter(refusals.values()), "it has no address"))
        return allowed

    async def _visit(
        self, module: Module, endpoint: Endpoint, say: Callable[[str], None]
    ) -> Observation:
        engine = module.engine.within(_DEADLINE_SECONDS)
        async with self._prober.around.guarding(endpoint):
            return await engine.visit(
                endpoint, lambda step: say(f"{endpoint.key}: {step}"), is_awaited=True
            )
