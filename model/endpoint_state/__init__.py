"""What a visit does to an endpoint: its state before, the visit, and ``advance``, which gives its state after.

Memory and database ask the same function, so that they cannot say two things of one visit.
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
