"""The visits of a service without workers: logged while they run, and isolated if the endpoint is a suspect.

At the start, the service finds what was in flight when an earlier process died. That alone proves nothing: each of
these endpoints is visited in a separate process, and cleared if the process survives; otherwise it is quarantined.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final, TypeAlias

import structlog

from model.observation import Cost, Mode, Observation, State
from model.ports import Clock, NotVisitedError
from model.query import ServiceEvent, ServiceEventKind
from model.target import Endpoint
from model.verification.remembered import Known
from model.version import TOOL_VERSION
from pki.net_guard.shortage import refusing_shortages
from scheduling.jobs import Visiting
from service.config.settings import ServiceSettings
from service.process.state_files import state_base
from service.watchdog.in_flight import InFlight, left_behind
from service.watchdog.isolation import DiedAloneError, IsolationPool, NoProcessError
from service.watchdog.quarantine import Quarantine
from service.watchdog.suspicion import set_aside_reason

Note: TypeAlias = Callable[[ServiceEvent], Awaitable[None]]
"""Stores a service event; must not raise."""

_NAMED_IN_AN_EVENT: Final = 10

_LOG = structlog.stdlib.get_logger("tlsprobe")


class GuardedVisits:
    """Knows the suspects, and records what is in flight."""

    def __init__(self, settings: ServiceSettings, clock: Clock, note: Note) -> None:
        base = state_base(settings.database, settings.state_directory)
        self._clock = clock
        self._note = note
        self._quarantine = Quarantine(base, clock)
        self._pool = IsolationPool(settings)
        self._base = base
        self._in_flight = InFlight(base)

    async def begin(self) -> None:
        """Make suspects of what was in flight when earlier processes died, and record visits from now on."""
        dead_ones = await asyncio.to_thread(left_behind, self._base)
        self._in_flight.open()
        for dead in dead_ones:
            await asyncio.to_thread(self._quarantine.accuse, dead.endpoint_keys)
            dead.forget()
            sentence = _obituary(dead.endpoint_keys)
            _LOG.warning(
                "the service had crashed", suspects=len(dead.endpoint_keys), reason=sentence
            )
            await self._note_event(ServiceEventKind.CRASHED, sentence)

    def count_set_aside(self) -> int:
        """How many endpoints are quarantined now, because the separate process that visited them died."""
        return self._quarantine.count_set_aside()

    @asynccontextmanager
    async def guarding(self, endpoint: Endpoint) -> AsyncIterator[None]:
        """Record the endpoint as in flight during the block; a suspect is first visited in a separate process.

        Raises:
            NotVisitedError: if the endpoint is quarantined; or, at the end of the block, if this machine ran
            out of descriptors in it.
        """
        if self._quarantine.suspect(endpoint.key) is not None:
            alone = await self._visit_suspect(endpoint, None)
            if self._quarantine.suspect(endpoint.key) is not None:
                raise NotVisitedError(alone.reason or "it is suspected to crash the service")
        with self._in_flight.visiting(endpoint.key), refusing_shortages():
            yield

    async def visit(
        self, endpoint: Endpoint, known: Known | None, visit_here: Visiting
    ) -> Observation:
        """Visit the endpoint: with ``visit_here`` if it is not a suspect, else in a separate process.

        Raises:
            NotVisitedError: if it has to wait for a separate process, or this machine ran out of
            descriptors.
        """
        if self._quarantine.suspect(endpoint.key) is not None:
            return await self._visit_suspect(endpoint, known)
        with self._in_flight.visiting(endpoint.key), refusing_shortages():
            return await visit_here(endpoint, known)

    async def _visit_suspect(self, endpoint: Endpoint, known: Known | None) -> Observation:
        suspect = self._quarantine.suspect(endpoint.key)
        if (
            suspect is not None
            and suspect.until is not None
            and suspect.is_set_aside(self._clock.now())
        ):
            return self._left_alone(endpoint, suspect.until)
        return await self._visit_alone(endpoint, known)

    def reconfigure(self, settings: ServiceSettings) -> None:
        """Use these settings for visits in separate processes that start from now on."""
        self._pool.reconfigure(settings)

    async def close(self) -> None:
        """End the processes; nothing that was in flight becomes a suspect."""
        await self._pool.close()
        self._in_flight.close()

    async def _visit_alone(self, endpoint: Endpoint, known: Known | None) -> Observation:
        if self._pool.is_full:
            raise NotVisitedError(f"{endpoint.key} is waiting for a process of its own")
        try:
            observation = await self._pool.visit(endpoint, known)
        except NoProcessError as error:
            _LOG.error("a process cannot be started", endpoint=endpoint.key, reason=str(error))
            raise NotVisitedError(str(error)) from error
        except DiedAloneError:
            until = await asyncio.to_thread(self._quarantine.set_aside, endpoint.key)
            left_alone = self._left_alone(endpoint, until)
            _LOG.error(
                "an endpoint is quarantined", endpoint=endpoint.key, reason=left_alone.reason
            )
            sentence = f"{endpoint.key} is quarantined: {left_alone.reason}"
            await self._note_event(ServiceEventKind.ENDPOINT_QUARANTINED, sentence, endpoint.key)
            return left_alone
        await asyncio.to_thread(self._quarantine.clear, endpoint.key)
        _LOG.info(
            "an endpoint was probed alone without a crash, and is no longer suspected",
            endpoint=endpoint.key,
        )
        return observation

    def _left_alone(self, endpoint: Endpoint, until: datetime) -> Observation:
        return Observation(
            tool_version=TOOL_VERSION,
            mode=Mode.ENUMERATE,
            endpoint=endpoint,
            started_at=self._clock.now(),
            cost=Cost(),
            state=State.ERROR,
            reason=set_aside_reason(until),
        )

    async def _note_event(
        self, kind: ServiceEventKind, sentence: str, endpoint_key: str | None = None
    ) -> None:
        at = self._clock.now()
        event = ServiceEvent(at=at, kind=kind, sentence=sentence, endpoint_key=endpoint_key)
        await self._note(event)


def _obituary(endpoint_keys: frozenset[str]) -> str:
    if not endpoint_keys:
        return "an earlier process ended without a proper stop, with no visit in flight"
    named = ", ".join(sorted(endpoint_keys)[:_NAMED_IN_AN_EVENT])
    more = len(endpoint_keys) - _NAMED_IN_AN_EVENT
    rest = f" and {more} more" if more > 0 else ""
    return (
        "an earlier process crashed, hung or was killed with these endpoints in flight, each is "
        f"probed alone now: {named}{rest}"
    )
