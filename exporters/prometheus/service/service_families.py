"""The metrics of the service itself: names, kinds, labels and meanings, as on the page."""

from __future__ import annotations

from typing import Final, Literal

from model.frozen import frozen


@frozen
class ServiceFamily:
    """A metric that is not about an endpoint. ``name`` has no prefix; ``example`` is a query in PromQL."""

    name: str
    kind: Literal["gauge", "counter", "histogram"]
    help: str
    example: str
    labels: tuple[str, ...] = ()


SERVICE_FAMILIES: Final = (
    ServiceFamily(
        name="build_info",
        kind="gauge",
        help="Always 1; the label shows the running version.",
        example="count by (version) (tlsprobe_build_info)",
        labels=("version",),
    ),
    ServiceFamily(
        name="queue_length",
        kind="gauge",
        help="Visits and lookups that are due and waiting.",
        example="tlsprobe_queue_length",
    ),
    ServiceFamily(
        name="probes_in_flight",
        kind="gauge",
        help="Visits that are running.",
        example="tlsprobe_probes_in_flight",
    ),
    ServiceFamily(
        name="tasks",
        kind="gauge",
        help="Tasks of the event loop: a number that grows for days is a fault of tlsprobe.",
        example="deriv(tlsprobe_tasks[1d]) * 86400 > 100",
    ),
    ServiceFamily(
        name="cached_bytes",
        kind="gauge",
        help="Estimated memory of the caches, which fill up to fixed limits: memory that grows without them is a fault of tlsprobe.",
        example="deriv((process_resident_memory_bytes - tlsprobe_cached_bytes)[1d:5m]) * 86400 > 1e8",
    ),
    ServiceFamily(
        name="schedule_lag_seconds",
        kind="gauge",
        help="How overdue the first visit in the queue is.",
        example="tlsprobe_schedule_lag_seconds > 600",
    ),
    ServiceFamily(
        name="store_up",
        kind="gauge",
        help="1 if the database answers, 0 if it does not.",
        example="tlsprobe_store_up == 0",
    ),
    ServiceFamily(
        name="snapshot_age_seconds",
        kind="gauge",
        help="Age of the facts on the inventory's page, which also shows this series.",
        example="tlsprobe_snapshot_age_seconds > 600",
    ),
    ServiceFamily(
        name="probes_total",
        kind="counter",
        help="Visits that ended, by mode.",
        example="rate(tlsprobe_probes_total[15m])",
        labels=("mode",),
    ),
    ServiceFamily(
        name="probe_failures_total",
        kind="counter",
        help="Visits that were not answered, by the state found.",
        example="sum by (reason) (increase(tlsprobe_probe_failures_total[1h]))",
        labels=("reason",),
    ),
    ServiceFamily(
        name="probe_run_duration_seconds",
        kind="histogram",
        help="Duration of visits; in OpenMetrics with an exemplar that names a target.",
        example="histogram_quantile(0.95, "
        "sum by (le) (rate(tlsprobe_probe_run_duration_seconds_bucket[1h])))",
    ),
    ServiceFamily(
        name="probe_delay_seconds",
        kind="histogram",
        help="Delay between the time when visits were due and their start.",
        example="histogram_quantile(0.99, "
        "sum by (le) (rate(tlsprobe_probe_delay_seconds_bucket[1h])))",
    ),
    ServiceFamily(
        name="probes_retried_total",
        kind="counter",
        help="Visits that failed and were repeated soon, before the endpoint counts as failing.",
        example="rate(tlsprobe_probes_retried_total[1h])",
    ),
    ServiceFamily(
        name="probes_postponed_total",
        kind="counter",
        help="Visits and lookups postponed because this machine ran short of file descriptors or "
        "memory.",
        example="increase(tlsprobe_probes_postponed_total[10m]) > 0",
    ),
    ServiceFamily(
        name="connections_total",
        kind="counter",
        help="TCP connections that visits opened.",
        example="rate(tlsprobe_connections_total[5m])",
    ),
    ServiceFamily(
        name="store_write_failures_total",
        kind="counter",
        help="Failed attempts to store a visit.",
        example="increase(tlsprobe_store_write_failures_total[15m]) > 0",
    ),
    ServiceFamily(
        name="store_dropped_bytes_total",
        kind="counter",
        help="Bytes of evidence, certificates and facts that were not stored, because their endpoint had "
        "reached `retention.endpoint_bytes_per_day`.",
        example="increase(tlsprobe_store_dropped_bytes_total[1d]) > 0",
    ),
    ServiceFamily(
        name="retention_lag_seconds",
        kind="gauge",
        help="How far the clock is ahead of the time by which old data are deleted. Above 0, the "
        "clock is not trusted: see `tlsprobe db vacuum --trust-clock`.",
        example="tlsprobe_retention_lag_seconds > 0",
    ),
    ServiceFamily(
        name="series_dropped_total",
        kind="counter",
        help="Series of endpoints left out of the inventory's page, counted each time that an "
        "endpoint's lines are written.",
        example="increase(tlsprobe_series_dropped_total[1h]) > 0",
    ),
    ServiceFamily(
        name="config_last_reload_successful",
        kind="gauge",
        help="1 if the last reload of the configuration succeeded, 0 if it failed and the "
        "previous configuration is still active.",
        example="tlsprobe_config_last_reload_successful == 0",
    ),
    ServiceFamily(
        name="config_last_reload_success_timestamp_seconds",
        kind="gauge",
        help="Time of the last successful reload of the configuration.",
        example="time() - tlsprobe_config_last_reload_success_timestamp_seconds",
    ),
    ServiceFamily(
        name="discovery_targets",
        kind="gauge",
        help="Targets of the source, as of its last successful reading.",
        example="tlsprobe_discovery_targets < 0.5 * tlsprobe_discovery_targets offset 1d",
        labels=("source",),
    ),
    ServiceFamily(
        name="discovery_untrusted_labels",
        kind="gauge",
        help="Labels with an effect on probes that are ignored, because this source is not "
        "trusted with them.",
        example="tlsprobe_discovery_untrusted_labels > 0",
        labels=("source",),
    ),
    ServiceFamily(
        name="discovery_skipped",
        kind="gauge",
        help="Entries of the source that yield no target, or less than they say, as of its last successful "
        "reading; the log and tlsprobe discover name each.",
        example="tlsprobe_discovery_skipped > 0",
        labels=("source",),
    ),
    ServiceFamily(
        name="discovery_up",
        kind="gauge",
        help="1 if the source's last reading succeeded, 0 if it failed and the previous targets "
        "are still active.",
        example="tlsprobe_discovery_up == 0",
        labels=("source",),
    ),
    ServiceFamily(
        name="discovery_errors_total",
        kind="counter",
        help="Failed readings of the source.",
        example="increase(tlsprobe_discovery_errors_total[1h]) > 0",
        labels=("source",),
    ),
    ServiceFamily(
        name="discovery_last_success_timestamp_seconds",
        kind="gauge",
        help="Time of the last successful reading of the source.",
        example="time() - tlsprobe_discovery_last_success_timestamp_seconds > 86400",
        labels=("source",),
    ),
    ServiceFamily(
        name="deliveries_total",
        kind="counter",
        help="Successful deliveries by sink: textfile, remote_write, or a notifier's name.",
        example="increase(tlsprobe_deliveries_total[1d])",
        labels=("sink",),
    ),
    ServiceFamily(
        name="delivery_failures_total",
        kind="counter",
        help="Failed attempts to deliver, by sink.",
        example="increase(tlsprobe_delivery_failures_total[1h]) > 3",
        labels=("sink",),
    ),
    ServiceFamily(
        name="delivery_last_success_timestamp_seconds",
        kind="gauge",
        help="Time of the last successful delivery, by sink.",
        example="time() - tlsprobe_delivery_last_success_timestamp_seconds > 86400",
        labels=("sink",),
    ),
    ServiceFamily(
        name="remote_write_samples_total",
        kind="counter",
        help="Samples that the receiver of remote writes accepted, including staleness markers.",
        example="rate(tlsprobe_remote_write_samples_total[5m])",
    ),
    ServiceFamily(
        name="notifications_queued",
        kind="gauge",
        help="Events that a notifier has not sent yet: its receiver fails, or its digest is not "
        "due.",
        example="tlsprobe_notifications_queued",
        labels=("sink",),
    ),
    ServiceFamily(
        name="notifications_dropped_total",
        kind="counter",
        help="Alerts that a notifier dropped, because it has the maximum of active ones; each counts once.",
        example="increase(tlsprobe_notifications_dropped_total[1h]) > 0",
        labels=("sink",),
    ),
    ServiceFamily(
        name="notifications_refused_total",
        kind="counter",
        help="Alerts that a receiver of several in one message refused for good; the log has each with its reason.",
        example="increase(tlsprobe_notifications_refused_total[1h]) > 0",
        labels=("sink",),
    ),
    ServiceFamily(
        name="queue_messages_received_total",
        kind="counter",
        help="Messages that a source's queue of calls gave; one that stays in the queue counts each time.",
        example="rate(tlsprobe_queue_messages_received_total[1h])",
        labels=("source",),
    ),
    ServiceFamily(
        name="queue_messages_deleted_total",
        kind="counter",
        help="Messages that were deleted from a source's queue of calls, after their calls were stored.",
        example="rate(tlsprobe_queue_messages_deleted_total[1h])",
        labels=("source",),
    ),
    ServiceFamily(
        name="queue_messages_left_total",
        kind="counter",
        help="Messages that were left in a source's queue of calls: they are malformed, or about something else.",
        example="increase(tlsprobe_queue_messages_left_total[1h]) > 0",
        labels=("source",),
    ),
    ServiceFamily(
        name="queue_calls_stored_total",
        kind="counter",
        help="Calls from a source's queue that were stored; one that is delivered twice counts twice.",
        example="rate(tlsprobe_queue_calls_stored_total[1d])",
        labels=("source",),
    ),
    ServiceFamily(
        name="queue_newest_call_timestamp_seconds",
        kind="gauge",
        help="When the newest stored call from a source's queue was made.",
        example="time() - tlsprobe_queue_newest_call_timestamp_seconds",
        labels=("source",),
    ),
    ServiceFamily(
        name="leader",
        kind="gauge",
        help="With workers: 1 if this scheduler is the leader, 0 if it is on standby.",
        example="sum(tlsprobe_leader) != 1",
    ),
    ServiceFamily(
        name="workers",
        kind="gauge",
        help="With workers: number of workers that have recently reported to be alive.",
        example="tlsprobe_workers == 0 and tlsprobe_leader == 1",
    ),
    ServiceFamily(
        name="jobs_waiting",
        kind="gauge",
        help="With workers: jobs that no worker has taken, by queue: one for each zone, and any.",
        example="min_over_time(tlsprobe_jobs_waiting[15m]) > 0",
        labels=("queue",),
    ),
    ServiceFamily(
        name="jobs_rescued_total",
        kind="counter",
        help="With workers: jobs whose worker died, by what happened to them.",
        example="increase(tlsprobe_jobs_rescued_total[1h]) > 0",
        labels=("outcome",),
    ),
    ServiceFamily(
        name="endpoints_quarantined",
        kind="gauge",
        help="Endpoints quarantined for a day or longer, because visits to them crashed processes.",
        example="tlsprobe_endpoints_quarantined > 0",
    ),
)

ON_DEMAND_FAMILIES: Final = (
    ServiceFamily(
        name="probe_success",
        kind="gauge",
        help="1 if all conditions of the module are met; only on /probe.",
        example="tlsprobe_probe_success == 0",
        labels=("target",),
    ),
    ServiceFamily(
        name="resolve_duration_seconds",
        kind="gauge",
        help="Duration of the lookup of the target's name; only on /probe.",
        example="tlsprobe_resolve_duration_seconds > 1",
        labels=("target",),
    ),
)
"""The families of a page of one target, in addition to the facts of the endpoint."""

_BY_NAME: Final = {family.name: family for family in (*SERVICE_FAMILIES, *ON_DEMAND_FAMILIES)}


def described(name: str) -> ServiceFamily:
    """The family of that name; raises KeyError if no catalogue has it."""
    return _BY_NAME[name]
