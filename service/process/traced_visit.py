"""A visit by an engine of this process, as a span."""

from __future__ import annotations

from collections.abc import Callable

from model.observation import Observation
from model.target import Endpoint
from model.tracing import annotate, span
from model.verification.remembered import Known
from probe.visit.engine import Engine


async def traced_visit(
    engine: Engine,
    endpoint: Endpoint,
    known: Known | None,
    on_progress: Callable[[str], None] | None = None,
) -> Observation:
    """The Observation of the visit."""
    with span("probe", endpoint=endpoint.key):
        seen = await engine.visit(endpoint, on_progress, known=known)
        annotate(state=seen.state.value, mode=seen.mode.value, connections=seen.cost.connections)
        return seen
