"""The page of one target that was probed on request: our own metrics, other exporters' metrics, or both."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from functools import lru_cache

from exporters.prometheus.families.family import PREFIX
from exporters.prometheus.options import Detail, MetricOptions
from exporters.prometheus.other_exporters.blackbox_exporter import blackbox_samples
from exporters.prometheus.other_exporters.handshake_summary import HandshakeSummary
from exporters.prometheus.other_exporters.samples import ForeignSample, comment, written
from exporters.prometheus.other_exporters.ssl_exporter import ssl_exporter_samples
from exporters.prometheus.page import PageWriter
from exporters.prometheus.service.service_families import described
from model.frozen import frozen
from model.snapshot import EndpointStatus, Snapshot


class Names(StrEnum):
    """Whose metric names a page uses."""

    TLSPROBE = "tlsprobe"
    BLACKBOX_EXPORTER = "blackbox_exporter"
    SSL_EXPORTER = "ssl_exporter"


@frozen
class OwnResult:
    """What a page in our own names shows: the endpoint's status, and whether it meets the module's ``expect``."""

    status: EndpointStatus
    meets_expectations: bool


def probe_page(
    glance: HandshakeSummary,
    own: OwnResult | None,
    names: Sequence[Names],
    options: MetricOptions,
) -> str:
    """The page in the text format; ``own`` is set if our own metric names are requested."""
    parts: list[str] = []
    if glance.failure is not None:
        parts.append(comment(glance.failure))
    if Names.TLSPROBE in names and own is not None:
        parts += (
            _writer(options)
            .for_another_part()
            .write(Snapshot(taken_at=own.status.last_probe_at, endpoints=(own.status,)))
        )
        parts.append(written(_our_own(glance, own)))
    if Names.BLACKBOX_EXPORTER in names:
        parts.append(written(blackbox_samples(glance)))
    if Names.SSL_EXPORTER in names:
        parts.append(written(ssl_exporter_samples(glance)))
    return "".join(parts)


@lru_cache(maxsize=len(Detail))
def _writer(options: MetricOptions) -> PageWriter:
    """The forms of all families, which every page copies."""
    return PageWriter(options)


def _our_own(glance: HandshakeSummary, own: OwnResult) -> list[ForeignSample]:
    """Metrics that only such a page has."""
    labels = {"target": own.status.observation.endpoint.target.key}
    numbers = (
        ("probe_success", float(own.meets_expectations)),
        ("resolve_duration_seconds", glance.resolve_seconds),
    )
    return [
        ForeignSample(name=PREFIX + name, help=described(name).help, number=number, labels=labels)
        for name, number in numbers
    ]
