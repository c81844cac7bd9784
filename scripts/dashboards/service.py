"""Service health: whether tlsprobe itself works on time."""

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
    description="Whether tlsprobe visits on time, stores its results, and finds its targets.",
    scope="service",
    panels=(
        stat(
            "Database",
            "1 if the service answers.",
            "min(tlsprobe_store_up)",
            thresholds=ONE_IS_GOOD,
        ),
        stat(
            "Configuration",
            "1 if its last reload succeeded.",
            "min(tlsprobe_config_last_reload_successful)",
            thresholds=ONE_IS_GOOD,
        ),
        stat(
            "Behind schedule",
            "How overdue the oldest queued visit is.",
            "max(tlsprobe_schedule_lag_seconds)",
            unit="s",
            thresholds=_LAG,
        ),
        stat("Waiting", "Visits and lookups that are due.", "sum(tlsprobe_queue_length)"),
        stat("Running", "Visits in flight.", "sum(tlsprobe_probes_in_flight)"),
        stat(
            "Age of the page",
            "Time since the inventory's page was built.",
            "max(tlsprobe_snapshot_age_seconds)",
            unit="s",
            thresholds=_LAG,
        ),
        _over_time(
            "Visits",
            "Visits per second, by mode.",
            ("sum by (mode) (rate(tlsprobe_probes_total[$__rate_interval]))", "{{mode}}"),
            unit="ops",
        ),
        _over_time(
            "Failures",
            "Visits per second that were not answered, by reason.",
            (
                "sum by (reason) (rate(tlsprobe_probe_failures_total[$__rate_interval]))",
                "{{reason}}",
            ),
            unit="ops",
            thresholds=ANY_IS_BAD,
        ),
        _over_time(
            "Visit duration",
            "Duration of visits in seconds, p50 and p95.",
            (_quantile(0.5, "probe_run_duration_seconds"), "p50"),
            (_quantile(0.95, "probe_run_duration_seconds"), "p95"),
            unit="s",
        ),
        _over_time(
            "Start delay",
            "Seconds between due time and start of a visit, p99.",
            (_quantile(0.99, "probe_delay_seconds"), "p99"),
            unit="s",
            thresholds=_LAG,
        ),
        _over_time(
            "Connections",
            "New connections per second.",
            ("sum(rate(tlsprobe_connections_total[$__rate_interval]))", "connections"),
            unit="ops",
        ),
        _over_time(
            "Targets by source",
            "Targets in each source's last result.",
            ("tlsprobe_discovery_targets", "{{source}}"),
        ),
        _over_time(
            "Sources",
            "1 if the source's last reading succeeded.",
            ("tlsprobe_discovery_up", "{{source}}"),
            thresholds=ONE_IS_GOOD,
        ),
        _over_time(
            "Failed writes and dropped series",
            "During the last hour; both should be 0.",
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
            "CPU",
            "CPU usage in cores.",
            ('rate(process_cpu_seconds_total{job="tlsprobe"}[$__rate_interval])', "{{instance}}"),
            unit="percentunit",
        ),
    ),
)
