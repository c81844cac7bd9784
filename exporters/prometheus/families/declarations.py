"""Whether endpoints serve what their owner's configuration declares, if discovery or a label declares it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from exporters.prometheus.families.family import Family, Sample
from model.comparisons.declaration import serves_declared_certificate, speaks_declared_protocols
from model.observation import Observation
from model.snapshot import EndpointStatus
from model.verdict import Verdict


def _samples_of(
    judge: Callable[[Observation], Verdict | None],
) -> Callable[[EndpointStatus], Iterator[Sample]]:
    def samples(status: EndpointStatus) -> Iterator[Sample]:
        verdict = judge(status.observation)
        if verdict in {Verdict.YES, Verdict.NO}:
            yield (), float(verdict is Verdict.YES)

    return samples


DECLARATION_FAMILIES: Final = (
    Family(
        name="cert_as_declared",
        fact="certificates.leaf",
        help="1 if every certificate seen is declared by the server's files, the cluster's secret "
        "or the label expected_certificate, 0 if another one is served.",
        example="tlsprobe_cert_as_declared == 0",
        samples=_samples_of(serves_declared_certificate),
    ),
    Family(
        name="protocols_as_declared",
        fact="protocols",
        help="1 if the accepted protocol versions are those that the server's files or the label "
        "expected_protocols declare, 0 if they differ.",
        example="tlsprobe_protocols_as_declared == 0",
        samples=_samples_of(speaks_declared_protocols),
    ),
)
