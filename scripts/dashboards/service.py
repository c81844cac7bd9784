"""Service health: whether tlsprobe itself does its work in time."""

from __future__ import annotations

from typing import Final

from scripts.dashboards.spec import (
    ANY_IS_BAD,
    NEUTRAL,
    ONE_IS_GOOD,
    Dashboard,
    Panel,
    Query,
    Step,
    stat,
)

_LAG: Final[tuple[Step, ...]] = ((None, "green"), (60, "orange"), (600, "red"))


def _over_time(
    title: str,
    description: str,
    *queries: tuple[str, str],
    unit: str = "short",
    thresholds: tuple[Step, ...] = NEUTRAL,
) -> Panel:
    return Panel(
        kind="timeseries",
        title=title,
        description=description,
        queries=tuple(Query(expr=expr, legend=legend) for expr, legend in queries),
        unit=unit,
        thresholds=thresholds,
    )


def _quantile(share: float, metric: str) -> str:
    return f"histogram_quantile({share}, sum by (le) (rate(tlsprobe_{metric}_bucket[$__rate_interval])))"


SERVICE: Final = Dashboard(
    uid="service",
    title="Service health",
    description="Whether tlsprobe visits in time, keeps what it learns, and finds its targets.",
    scope="service",
    panels=(
        stat(
            "Database",
            "1 where it answers.",
            "min(tlsprobe_store_up)",
            thresholds=ONE_IS_GOOD,
        ),
        stat(
            "Configuration",
            "1 where its last reading was good.",
            "min(tlsprobe_config_last_reload_successful)",
            thresholds=ONE_IS_GOOD,
        ),
        stat(
            "Behind schedule",
            "For how long the first in the queue has been due.",
            "max(tlsprobe_schedule_lag_seconds)",
            unit="s",
            thresholds=_LAG,
        ),
        stat("Waiting", "Visits and look-ups that are due.", "sum(tlsprobe_queue_length)"),
        stat("Running", "Visits that run now.", "sum(tlsprobe_probes_in_flight)"),
        stat(
            "Age of the page",
            "How long ago the inventory's page was put together.",
            "max(tlsprobe_snapshot_age_seconds)",
            unit="s",
            thresholds=_LAG,
        ),
        _over_time(
            "Visits",
            "Visits a second, by mode.",
            ("sum by (mode) (rate(tlsprobe_probes_total[$__rate_interval]))", "{{mode}}"),
            unit="ops",
        ),
        _over_time(
            "Failures",
            "Visits a second that did not find TLS, by reason.",
            (
                "sum by (reason) (rate(tlsprobe_probe_failures_total[$__rate_interval]))",
                "{{reason}}",
            ),
            unit="ops",
            thresholds=ANY_IS_BAD,
        ),
        _over_time(
            "How long visits take",
            "Half of them, and all but one in twenty, are over in so many seconds.",
            (_quantile(0.5, "probe_run_duration_seconds"), "half"),
            (_quantile(0.95, "probe_run_duration_seconds"), "95 %"),
            unit="s",
        ),
        _over_time(
            "How late visits begin",
            "All but one in a hundred begin no later than so.",
            (_quantile(0.99, "probe_delay_seconds"), "99 %"),
            unit="s",
            thresholds=_LAG,
        ),
        _over_time(
            "Connections",
            "New connections a second.",
            ("sum(rate(tlsprobe_connections_total[$__rate_interval]))", "connections"),
            unit="ops",
        ),
        _over_time(
            "Targets by source",
            "Targets that each source last gave.",
            ("tlsprobe_discovery_targets", "{{source}}"),
        ),
        _over_time(
            "Sources",
            "1 where the source's last reading was good.",
            ("tlsprobe_discovery_up", "{{source}}"),
            thresholds=ONE_IS_GOOD,
        ),
        _over_time(
            "Failed writes and dropped series",
            "In the last hour; both should be 0.",
            ("sum(increase(tlsprobe_store_write_failures_total[1h]))", "failed writes"),
            ("sum(increase(tlsprobe_series_dropped_total[1h]))", "dropped series"),
            thresholds=ANY_IS_BAD,
        ),
        _over_time(
            "Memory",
            "Resident memory of the process.",
            ('process_resident_memory_bytes{job="tlsprobe"}', "{{instance}}"),
            unit="bytes",
        ),
        _over_time(
            "Processor",
            "Seconds of a processor that it takes each second.",
            ('rate(process_cpu_seconds_total{job="tlsprobe"}[$__rate_interval])', "{{instance}}"),
            unit="percentunit",
        ),
    ),
)
