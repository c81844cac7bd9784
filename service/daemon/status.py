"""The status of the running service, as ``/-/status`` answers and ``tlsprobe status`` prints it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from model.encoding.times_json import time_to_json
from model.findings.counts import finding_counts
from model.snapshot import Snapshot
from model.verdict import Verdict
from model.version import TOOL_VERSION
from service.daemon.build import Parts

_RECENT: Final = timedelta(minutes=5)
_WORST_SHOWN: Final = 10


def status_of(parts: Parts) -> dict[str, Any]:
    """Lag, rates, sources, and the endpoints that have failed longest, as JSON values."""
    scheduler, sources = parts.planner.scheduler, parts.targets.sources.current
    snapshot = parts.inventory.snapshot()
    recent = [one for one in snapshot.endpoints if snapshot.taken_at - one.last_probe_at <= _RECENT]
    failing = sorted(
        (one for one in snapshot.endpoints if one.consecutive_failures),
        key=lambda one: -one.consecutive_failures,
    )
    return {
        "version": TOOL_VERSION,
        "started_at": time_to_json(parts.started_at),
        "sources": {name: len(targets) for name, targets in sources.by_source.items()},
        "source_errors": dict(sources.errors),
        "source_warnings": dict(sources.warnings),
        "endpoints": len(scheduler.current_endpoints()),
        "endpoints_probed": len(snapshot.endpoints),
        "endpoints_failing": len(failing),
        "endpoints_probed_recently": len(recent),
        "recent_seconds": _RECENT.total_seconds(),
        "queue_length": scheduler.queue_length,
        "probes_in_flight": scheduler.probes_in_flight,
        "lag_seconds": round(scheduler.lag_seconds, 3),
        "compliance": _compliance(snapshot),
        "findings": finding_counts(
            finding for one in snapshot.endpoints for finding in one.findings
        ),
        "worst": [
            {
                "endpoint": one.observation.endpoint.key,
                "state": one.observation.state.value,
                "consecutive_failures": one.consecutive_failures,
                "reason": one.observation.reason,
                "last_success_at": time_to_json(one.last_success_at),
            }
            for one in failing[:_WORST_SHOWN]
        ],
    }


def _compliance(snapshot: Snapshot) -> dict[str, dict[str, int]]:
    """How many endpoints are compliant, not compliant or unknown, for each policy."""
    counts: dict[str, dict[str, int]] = {}
    for one in snapshot.endpoints:
        for policy, verdict in one.compliance.items():
            of_policy = counts.setdefault(policy, {each.value: 0 for each in Verdict})
            of_policy[verdict.value] += 1
    return dict(sorted(counts.items()))
