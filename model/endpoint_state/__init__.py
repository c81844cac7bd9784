"""The state of an endpoint before and after a visit; ``advance`` computes the latter from the former.

The store in memory and the database call the same function, so that they agree about every visit.
"""

from model.endpoint_state.advance import (
    FLAPPING,
    Advanced,
    advance,
    advance_without_facts,
    needs_findings,
    needs_stretches,
)
from model.endpoint_state.schedule import Schedule
from model.endpoint_state.state import (
    MOST_FACTS,
    MOST_STRETCHES,
    NEVER_VISITED,
    EndpointState,
    Stretch,
)
from model.endpoint_state.visit import Visit

__all__ = [
    "FLAPPING",
    "MOST_FACTS",
    "MOST_STRETCHES",
    "NEVER_VISITED",
    "Advanced",
    "EndpointState",
    "Schedule",
    "Stretch",
    "Visit",
    "advance",
    "advance_without_facts",
    "needs_findings",
    "needs_stretches",
]
