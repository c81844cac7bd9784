"""One visit of the scheduler: what it may take for known, and an Observation whatever happens."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Protocol

from model.application_protocol import AUTO, blocks_clients
from model.differences import known_facts as with_last_known
from model.encoding.facts_digest import facts_digest
from model.endpoint_state import Schedule, Visit
from model.observation import Cost, Mode, Observation, State
from model.ports import Clock, NotVisitedError
from model.target import Endpoint
from model.verification.remembered import Known, Remembered
from model.version import TOOL_VERSION
from scheduling.jobs import Judging, Visiting

_LOG = logging.getLogger(__name__)


class ReadLatest(Protocol):
    """``Store.latest``."""

    async def __call__(self, endpoint_key: str, *, answered: bool = False) -> Observation | None:
        """The endpoint's newest facts, or the newest that were answered as TLS."""
        ...


async def read_known_facts(
    read: ReadLatest, endpoint: Endpoint, *, enumerates: bool
) -> Observation | None:
    """``known_facts`` of the Store; None if they cannot be read."""
    try:
        return await known_facts(read, endpoint, enumerates=enumerates)
    except Exception as error:
        _LOG.warning(
            "an endpoint is enumerated again, because its stored facts cannot be read",
            extra={"endpoint": endpoint.key, "reason": str(error)},
        )
        return None


async def known_facts(
    read: ReadLatest, endpoint: Endpoint, *, enumerates: bool
) -> Observation | None:
    """The stored facts that a visit may rely on: those of this version, unless it ``enumerates``.

    A server that blocks clients after too many questions is asked everything so rarely that its facts are given
    to every visit, whichever version of tlsprobe learned them; the visit itself decides when to ask.
    """
    named = endpoint.target.protocol
    if named == AUTO or blocks_clients(named):
        found = await read(endpoint.key, answered=True)
        if found is not None and blocks_clients(found.application_protocol):
            return found
    if enumerates:
        return None
    known = await read(endpoint.key)
    return known if known is not None and known.tool_version == TOOL_VERSION else None


async def observe(
    visit: Visiting, endpoint: Endpoint, known: Known | None, clock: Clock
) -> Observation:
    """The Observation of one visit; an internal error gives one in the state ``error``.

    Raises:
        NotVisitedError: if the visit was not made.
    """
    started_at, began = clock.now(), clock.monotonic()
    try:
        return await visit(endpoint, known)
    except NotVisitedError:
        raise
    except Exception as fault:
        _LOG.exception("a visit failed", extra={"endpoint": endpoint.key})
        return Observation(
            tool_version=TOOL_VERSION,
            mode=Mode.ENUMERATE,
            endpoint=endpoint,
            started_at=started_at,
            cost=Cost(duration_seconds=clock.monotonic() - began),
            state=State.ERROR,
            reason=f"Internal error: the visit ended with {type(fault).__name__}.",
        )


async def with_earlier_facts(read: ReadLatest, seen: Observation) -> Observation:
    """``seen``, with the earlier facts in place of those that it did not settle, if the visit was cut short.

    A visit whose time was too short for all questions says nothing about what it did not ask. Facts that it proved
    are its own.
    """
    if not (seen.cost.cut_short and seen.answered and seen.mode is Mode.ENUMERATE):
        return seen
    try:
        earlier = await read(seen.endpoint.key, answered=True)
    except Exception as error:
        _LOG.warning(
            "facts of earlier visits cannot be read, those of a visit that was cut short stand alone",
            extra={"endpoint": seen.endpoint.key, "reason": str(error)},
        )
        return seen
    if earlier is None:
        return seen
    whole = with_last_known([seen, earlier])
    day = earlier.started_at.date().isoformat()
    reason = f"The visit was cut short: what it did not ask is as of {day} or earlier."
    return whole if whole == seen else replace(whole, reason=reason)


async def judged(
    judge: Judging,
    read: ReadLatest,
    observation: Observation,
    schedule: Schedule,
    known: Known | None,
) -> Visit:
    """The Visit of ``observation``, which began with what was ``known``.

    A visit that verified remembered facts has no evidence. If the results of policies changed, they are made again
    with the evidence, which only the Store has.
    """
    if not isinstance(known, Remembered) or observation.mode is not Mode.VERIFY:
        return await judge(observation, schedule)
    visit = await judge(observation, schedule, known.facts_digest)
    if visit.assessment_digest in (None, known.assessment_digest):
        return visit
    stored = await read_known_facts(read, observation.endpoint, enumerates=False)
    if stored is None or facts_digest(stored) != known.facts_digest:
        return visit
    whole = replace(
        stored,
        tool_version=observation.tool_version,
        mode=observation.mode,
        endpoint=observation.endpoint,
        started_at=observation.started_at,
        cost=observation.cost,
        reason=observation.reason,
    )
    return await judge(whole, schedule, known.facts_digest)
