"""Visits a target that a person requests now, at every address that may be probed, within the limits of ``/probe``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from discovery.targets import parse_target
from model.frozen import frozen
from model.observation import Observation
from model.ports import NotVisitedError
from model.target import Endpoint, Target
from probe.checks.check_groups import parse_parts
from probe.checks.part import Part
from scheduling.resolve import unresolved
from service.probe_endpoint.module_choices import RefusedError
from service.probe_endpoint.module_visit import Module
from service.probe_endpoint.probe_request import ProbeRequest
from service.probe_endpoint.prober import OnDemandProber

_DEADLINE_SECONDS: Final = 60.0
"""Of one address."""

_MOST_ADDRESSES: Final = 16


@frozen
class RequestedProbe:
    """What a client requests: the text of a target, and a module or its default; ``checks`` replace those of the module."""

    target: str
    server_name: str | None = None
    module: str | None = None
    checks: tuple[str, ...] = ()


@frozen
class Admitted:
    """A target that may be probed, as far as its name tells; ``parts`` are those of the requested checks."""

    module: Module
    target: Target
    parts: frozenset[Part] | None = None

    @property
    def checks(self) -> tuple[str, ...]:
        """The names of the checks that the visit makes, besides the versions."""
        if self.parts is None:
            return self.module.settings.checks
        return tuple(part.value for part in Part if part in self.parts)


class Observer:
    """Visits with the modules of ``prober``, in its places."""

    def __init__(self, prober: OnDemandProber) -> None:
        self._prober = prober

    def admit(self, requested: RequestedProbe) -> Admitted:
        """The target, module and checks; raises RefusedError if one is invalid or the target may not be probed."""
        module = self._prober.module(requested.module)
        text = module.settings.target or requested.target
        try:
            parts = parse_parts(requested.checks) if requested.checks else None
            target = parse_target(text, server_name=requested.server_name, source="probe")
        except ValueError as error:
            raise RefusedError(400, str(error)) from error
        return Admitted(
            module=module,
            target=self._prober.target(ProbeRequest(target=target), module.settings),
            parts=parts,
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
            return [await self._visit(admitted, one, say) for one in some]
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
        self, admitted: Admitted, endpoint: Endpoint, say: Callable[[str], None]
    ) -> Observation:
        engine = admitted.module.engine.within(_DEADLINE_SECONDS, admitted.parts)
        async with self._prober.around.guarding(endpoint):
            return await engine.visit(
                endpoint, lambda step: say(f"{endpoint.key}: {step}"), is_awaited=True
            )
