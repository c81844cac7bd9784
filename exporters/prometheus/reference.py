"""Writes docs/reference/metrics.md from the catalogues: ``python -m exporters.prometheus.reference``.

The page has every metric with its labels, its meaning and an example in PromQL, the values of the labels, and
the number of series.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Final

from exporters.prometheus.catalogue import (
    DROPPED_FAMILY,
    DROPPED_HELP,
    FAMILIES,
    LABELS_FAMILY,
    LABELS_HELP,
    TARGET_FAMILIES,
)
from exporters.prometheus.families.certificates import POSITIONS
from exporters.prometheus.families.chains import VERIFY_REASONS
from exporters.prometheus.families.client_auth import MODES
from exporters.prometheus.families.endpoints import FAILURES, STAGES
from exporters.prometheus.families.facts import STANDARD_FEATURES
from exporters.prometheus.families.family import IDENTITY, PREFIX
from exporters.prometheus.families.unknown import THROTTLED, UNPROVED
from exporters.prometheus.fleet.families import FLEET_FAMILIES
from exporters.prometheus.fleet.family import OTHER
from exporters.prometheus.options import MOST_OF_A_FAMILY, Detail, MetricOptions
from exporters.prometheus.service.service_families import ON_DEMAND_FAMILIES, SERVICE_FAMILIES
from exporters.prometheus.shard import MOST_SHARDS
from model.certificates.certificate import Problem, RevocationMethod
from model.findings.finding import Severity
from model.observation import ANSWERED, Mode, State
from model.protocol_version import ProtocolVersion
from model.registry import Strength
from model.safe_output.label_text import LONGEST_LABEL
from model.target_labels import CLIENT_AUTH
from model.verdict import UnknownCause

_ROW: Final = "| `{name}` | {kind} | {labels} | {detail} | {meaning} | `{example}` |"
_HEAD: Final = "| metric | type | labels | detail | meaning | example |\n|---|---|---|---|---|---|"

_INTRODUCTION: Final = """\
# Metrics

`/metrics/endpoints` shows the inventory, `/metrics` the service itself, and `/probe` one target that is asked
for it ([probe.md](probe.md)). A scrape of the first two reads what the last visits found and never probes:
scrape every 1 to 5 minutes; `tlsprobe_last_probe_timestamp_seconds` shows how old a fact is. This
page is written from the code by `make docs`.

- `target` is the endpoint's target as one string: `host:port`, with protocol and server name where they
  are not the default. `address` is present only if the target's name has several addresses. Each address
  is an endpoint with its own facts; a name whose only address changes keeps its series.
- **Unknown is absent.** A fact that was not proved has no series, never a 0; instead `tlsprobe_check_unknown`
  is 1. `tlsprobe_facts_needing_client_certificate` counts what only a client with a certificate can find out. A chain that fails verification keeps its other series, such as its dates.
- **While an endpoint does not answer, its facts are unknown**: only series about the target, its probes and its policies
  stay. The last known facts are in the database, and in Prometheus with `last_over_time(…[7d])`.
- Targets that leave the inventory leave the page at once. Samples have no timestamps.
- `cert` is the beginning of the certificate's SHA-256; where a series is about a whole chain, the leaf's.
- Text from a server is cut at {longest} characters, and unprintable characters are escaped.
- Both pages use OpenMetrics if the scraper requests it; the histogram then has exemplars.

## How many series

The setting `metrics.detail` controls how much is shown; each level includes the one before:

- `counts`: suites, groups and features are counted, not named. A typical endpoint has 45 to 55 series.
- `standard`, the default: also each weak or insecure suite, and the features
  {features}. 50 to 60.
- `all`: also each suite, group and feature, every attack that was excluded, and the chain's other
  certificates. 100 to 150.

Each policy adds 7 series, each further address of a name about 40, each further chain of a server about 10. An
endpoint has at most {family} series of a metric and `metrics.max_series_per_endpoint` in total (default: {most});
`tlsprobe_endpoint_series_dropped` shows which endpoints exceed that, `tlsprobe_series_dropped_total` counts for all.
The page is rendered once for each change, for all scrapers. While the database is down
it shows the last facts, and `tlsprobe_snapshot_age_seconds` at its end shows their age.

## Large fleets

From some ten thousand endpoints on, scrape the page in parts: `/metrics/endpoints?shard=3/16` is the fourth of 16. Every
series is in exactly one part, with all other series of its target. Which part that is depends only on the target's name and
the total; if the total grows by one, only the targets of the new part move. The total is at most {shards}. Several
Prometheus servers can share the parts among them.

```yaml
scrape_configs:
  - job_name: tlsprobe-endpoints
    metrics_path: /metrics/endpoints
    scrape_interval: 2m
    static_configs:
      - {{targets: ["127.0.0.1:9844"], labels: {{__param_shard: 0/4}}}}
      - {{targets: ["127.0.0.1:9844"], labels: {{__param_shard: 1/4}}}}
      - {{targets: ["127.0.0.1:9844"], labels: {{__param_shard: 2/4}}}}
      - {{targets: ["127.0.0.1:9844"], labels: {{__param_shard: 3/4}}}}
    relabel_configs:
      - {{source_labels: [__param_shard], target_label: shard}}  # each part needs its own series `up`
```

Use one total everywhere: each total takes the memory of the whole page, so tlsprobe serves at most two at a time, until one of
them was not requested for ten minutes.
"""

_FLEET: Final = f"""
## The whole fleet

`/metrics/fleet` has the sums that the panels of the dashboards show, without `target` and `address`: at most
{sum(family.most for family in FLEET_FAMILIES):,} series for a fleet of any size, at any detail. Label values beyond the limit of a metric
are summed up as `{OTHER}`; the last three metrics list 50 targets each. A visit costs only the sums of its target. Where the
endpoints are too many for Prometheus, scrape this page alone, and keep the facts of single endpoints in the database.

It serves these panels, for all targets together. The dashboards' filters by label and target need the series of the endpoints.

| dashboard | panels |
|---|---|
| Fleet overview | all but *What expires next*, which it orders by date and not by the share of the lifetime |
| Protocols and ciphers | all but the tables of targets (*Old versions*, *Weak and insecure suites*, *Vulnerable endpoints*) |
| Certificates | *Expired*, *In … to … days*, *Calendar*, *Issuers*, *Key types*, *Lifetimes* (each certificate once for each of its targets), *Why chains do not verify* |
| Findings and policy | all but the tables of targets |
| mTLS and trust | *Require certificates*, *Only at some versions*, *Do not verify*, *Matching names*, *Modes*, *Chains by trust store* |
"""

_LABELS: Final = """
## Labels with a fixed set of values

| label | values |
|---|---|
{rows}
"""


_NAMES: Final = """\
`check` names a metric of this page without its prefix, or a fact of [checks.md](checks.md), as `feature`
and `fact` do. `client_auth_expected` follows the target's label `{label}`: [targets.md](targets.md).
"""

_FOREIGN: Final = """
In addition to the facts of the endpoint, under the names above. Modules may have the names of blackbox_exporter and
ssl_exporter instead: [probe.md](probe.md).
"""

_END: Final = """
The page also has the metrics of the process and of Python, under their usual names.
"""


def _values() -> Iterator[tuple[str, tuple[str, ...]]]:
    """All values of each label that has few."""
    yield "protocol", tuple(version.label for version in ProtocolVersion)
    yield "strength", tuple(Strength)
    yield "stage", STAGES
    yield "reason` of `probe_failure", tuple(state.value for state in FAILURES)
    yield "reason` of `probe_failures_total", tuple(one for one in State if one not in ANSWERED)
    yield "reason` of `cert_verify_error", VERIFY_REASONS
    yield "reason` of `check_unknown", (UNPROVED, THROTTLED, UnknownCause.NO_HELLO_SHOWS)
    yield "reason` of `findings_unknown", (UNPROVED, UnknownCause.NEEDS_CLIENT_CERTIFICATE)
    yield "mode` of `client_auth", tuple(MODES)
    yield "mode` of `probes_total", tuple(Mode)
    yield "position", POSITIONS
    yield "method", tuple(RevocationMethod)
    yield "problem", tuple(Problem)
    yield "severity", tuple(Severity)
    yield "phase", ("total",)


def reference() -> str:
    """The whole page."""
    features = ", ".join(f"`{name}`" for name in STANDARD_FEATURES)
    introduction = _INTRODUCTION.format(
        longest=LONGEST_LABEL,
        features=features,
        family=MOST_OF_A_FAMILY,
        most=MetricOptions().most_series,
        shards=MOST_SHARDS,
    )
    values = "\n".join(
        f"| `{label}` | {', '.join(f'`{one}`' if ' ' not in one else one for one in of_label)} |"
        for label, of_label in _values()
    )
    return "\n".join(
        (
            introduction,
            "## Endpoints\n",
            _HEAD,
            *_endpoint_rows(),
            _FLEET,
            _HEAD,
            *_fleet_rows(),
            _LABELS.format(rows=values),
            _NAMES.format(label=CLIENT_AUTH),
            "## One target on demand\n",
            _HEAD,
            *_on_demand_rows(),
            _FOREIGN,
            "## The service\n",
            _HEAD,
            *_service_rows(),
            _END,
        )
    )


def _endpoint_rows() -> Iterator[str]:
    for target_family in TARGET_FAMILIES:
        labels = ("target", *target_family.labels)
        yield _row(
            target_family.name, "gauge", labels, "", target_family.help, target_family.example
        )
    yield _row(
        LABELS_FAMILY.removeprefix(PREFIX),
        "gauge",
        ("target", "label_…"),
        "",
        LABELS_HELP,
        "tlsprobe_up * on (target) group_left (label_team) tlsprobe_endpoint_labels",
    )
    for family in FAMILIES:
        detail = "" if family.detail is Detail.COUNTS else f"`{family.detail.value}`"
        labels = (*IDENTITY, *family.labels)
        yield _row(family.name, "gauge", labels, detail, family.help, family.example)
    dropped = DROPPED_FAMILY.removeprefix(PREFIX)
    yield _row(dropped, "gauge", IDENTITY, "", DROPPED_HELP, f"{DROPPED_FAMILY} > 0")


def _fleet_rows() -> Iterator[str]:
    for family in FLEET_FAMILIES:
        yield _row(family.name, "gauge", family.labels, "", family.help, family.example)


def _service_rows() -> Iterator[str]:
    for family in SERVICE_FAMILIES:
        yield _row(family.name, family.kind, family.labels, "", family.help, family.example)


def _on_demand_rows() -> Iterator[str]:
    for family in ON_DEMAND_FAMILIES:
        yield _row(family.name, family.kind, family.labels, "", family.help, family.example)


def _row(
    name: str, kind: str, labels: tuple[str, ...], detail: str, meaning: str, example: str
) -> str:
    return _ROW.format(
        name=PREFIX + name,
        kind=kind,
        labels=", ".join(f"`{label}`" for label in labels),
        detail=detail,
        meaning=meaning,
        example=example.replace("|", "\\|"),
    )


if __name__ == "__main__":
    sys.stdout.write(reference())
