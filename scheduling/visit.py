"""One visit of the scheduler: what it may take for known, and an Observation whatever happens."""

from __future__ import annotations

import logging

from model.observation import Cost, Mode, Observation, State
from model.ports import Clock, NotVisitedError, Store
from model.target import Endpoint
from model.version import TOOL_VERSION
from scheduling.jobs import Visiting

_LOG = logging.getLogger(__name__)


async def read_known_facts(store: Store, endpoint_key: str) -> Observation | None:
    """The stored facts that a visit may verify; None if there are none of this version, or none can be read."""
    try:
        known = await store.latest(endpoint_key)
    except Exception as error:
        _LOG.warning(
            "an endpoint is enumerated again, because its stored facts cannot be read",
            extra={"endpoint": endpoint_key, "reason": str(error)},
        )
        return None
    return known if known is not None and known.tool_version == TOOL_VERSION else None


async def observe(
    visit: Visiting, endpoint: Endpoint, known: Observation | None, clock: Clock
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
