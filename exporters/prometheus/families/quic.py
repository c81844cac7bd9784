"""The QUIC side of web servers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exporters.prometheus.families.family import Family, Sample, known_verdicts
from model.snapshot import EndpointStatus

QUIC_FACTS: Final = (
    "quic_v1",
    "quic_v2",
    "quic_retry",
    "quic_early_data",
    "quic_post_quantum",
    "quic_client_certificate_requested",
    "quic_same_cipher_suites",
    "quic_same_groups",
    "quic_same_client_certificate_request",
)
"""The facts that are true or false; the lists have no series."""


def _facts(status: EndpointStatus) -> Iterator[Sample]:
    return known_verdicts(status.observation.quic, QUIC_FACTS)


QUIC_FAMILIES: Final = (
    Family(
        name="quic",
        fact="quic.{fact}",
        help="1 if this fact about the QUIC side of the server is true, 0 if it is not.",
        example='tlsprobe_quic{fact="quic_same_groups"} == 0',
        labels=("fact",),
        samples=_facts,
    ),
)
