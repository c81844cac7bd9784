"""A probe that a client started, and what it found at each address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from exporters.pages.endpoint.page import shown_facts
from exporters.pages.links import target_link
from exporters.pages.rows import Badge, Mark, Row, row_of
from model.frozen import frozen
from model.observation import Observation
from model.snapshot import EndpointStatus

_MARKS: Mapping[str, Mark] = {"running": "plain", "done": "good", "failed": "bad"}


@frozen
class ProbeView:
    """A probe as the service has it; ``steps`` are the newest, oldest first.

    ``not_stored`` says why the result is only in memory.
    """

    id: str
    target: str
    by: str
    state: str
    is_running: bool
    created_at: datetime
    ended_at: datetime | None
    failure: str
    not_stored: str
    steps: tuple[str, ...]

    @property
    def badge(self) -> Badge:
        """Its state."""
        return Badge(text=self.state, mark=_MARKS[self.state])

    @property
    def link(self) -> str:
        """Its page."""
        return f"/probes/{self.id}"


def probe_values(
    probe: ProbeView,
    observations: Sequence[Observation],
    by_target: Mapping[str, Sequence[Row]],
    now: datetime,
) -> Mapping[str, Any]:
    """The values for ``probe.html``; ``by_target`` has the endpoints of the inventory."""
    return {
        "probe": probe,
        "results": [_result(one, now) for one in observations],
        "known": target_link(probe.target) if probe.target in by_target else "",
    }


def _result(observation: Observation, now: datetime) -> Mapping[str, Any]:
    """One address; no policy judges the facts, so that the row has neither findings nor compliance."""
    status = EndpointStatus(
        observation=observation,
        last_probe_at=observation.ended_at,
        last_success_at=None,
        consecutive_failures=0,
        interval_seconds=0.0,
    )
    return {"row": row_of(status), "facts": shown_facts(observation, now)}
