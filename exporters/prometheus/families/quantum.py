"""Which days the endpoint misses without post-quantum key exchange."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exporters.prometheus.families.family import Family, Sample
from model.judging.exposure import Exposure, years_of
from model.judging.quantum import post_quantum_establishment
from model.snapshot import EndpointStatus
from model.verdict import Verdict


def _missed(status: EndpointStatus) -> Iterator[Sample]:
    observation = status.observation
    if not observation.answered:
        return
    exposure = Exposure(
        key_exchange=post_quantum_establishment(observation),
        years=years_of(observation.endpoint.target.labels),
    )
    for name, verdict in exposure.deadlines(status.last_probe_at).items():
        if verdict is not Verdict.UNKNOWN:
            yield (name,), float(verdict is Verdict.YES)


QUANTUM_FAMILIES: Final = (
    Family(
        name="post_quantum_deadline_missed",
        help="1 if, as of the last visit, data that the endpoint sends without post-quantum key exchange must stay secret "
        "after the authority's day, 0 if not.",
        example="count by (deadline) (tlsprobe_post_quantum_deadline_missed == 1)",
        labels=("deadline",),
        samples=_missed,
    ),
)
