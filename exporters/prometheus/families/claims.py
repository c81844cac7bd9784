"""What the configuration of an endpoint declares, as its newest visit shows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

from exporters.prometheus.families.family import Family, Sample
from model.claims import ClaimVerdict
from model.claims.declared import DECLARED_CERTIFICATE, DECLARED_PROTOCOLS
from model.snapshot import EndpointStatus

_DECIDED: Final = {ClaimVerdict.PROVED: 1.0, ClaimVerdict.CONTRADICTED: 0.0}


def _proved(status: EndpointStatus) -> Iterator[Sample]:
    """Claims with the same labels are one series, of the worst of them."""
    found: dict[tuple[str, ...], float] = {}
    for one in status.claims:
        number = _DECIDED.get(one.verdict)
        if number is not None:
            labels = (one.claim.name.replace("-", "_"), one.claim.source, one.claim.kind.value)
            found[labels] = min(number, found.get(labels, 1.0))
    yield from sorted(found.items())


def _by_verdict(status: EndpointStatus) -> Iterator[Sample]:
    counted = Counter((one.verdict, one.claim.kind) for one in status.claims)
    for (verdict, kind), number in sorted(counted.items()):
        yield (verdict.value, kind.value), float(number)


def _all_proved(name: str) -> Callable[[EndpointStatus], Iterator[Sample]]:
    """Whether every claim of that name is proved; no sample if one is neither proved nor contradicted."""

    def samples(status: EndpointStatus) -> Iterator[Sample]:
        verdicts = {one.verdict for one in status.claims if one.claim.name == name}
        if ClaimVerdict.CONTRADICTED in verdicts:
            yield (), 0.0
        elif verdicts == {ClaimVerdict.PROVED}:
            yield (), 1.0

    return samples


CLAIM_FAMILIES: Final = (
    Family(
        name="cert_as_declared",
        fact="certificates.leaf",
        help="1 if every certificate seen is declared by the server's files, the cluster's secret "
        "or the label expected_certificate, 0 if another one is served.",
        example="tlsprobe_cert_as_declared == 0",
        samples=_all_proved(DECLARED_CERTIFICATE),
    ),
    Family(
        name="protocols_as_declared",
        fact="protocols",
        help="1 if the accepted protocol versions are those that the server's files or the label "
        "expected_protocols declare, 0 if they differ.",
        example="tlsprobe_protocols_as_declared == 0",
        samples=_all_proved(DECLARED_PROTOCOLS),
    ),
    Family(
        name="claim_proved",
        help="1 if what a configuration declares (kind declared) or another scanner reports (kind "
        "reported) is so, 0 if the endpoint contradicts it; absent if neither is proved. In the name "
        "of the claim, - is replaced by _.",
        example='tlsprobe_claim_proved{kind="declared"} == 0',
        labels=("claim", "source", "kind"),
        samples=_proved,
    ),
    Family(
        name="claims",
        help="Number of claims about the endpoint by verdict: contradicted, unprovable, not_reached "
        "or proved.",
        example='tlsprobe_claims{verdict="contradicted",kind="declared"} > 0',
        labels=("verdict", "kind"),
        samples=_by_verdict,
    ),
)
