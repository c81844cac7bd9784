"""Whether the served certificates are revoked, by which source, and how long its answer is valid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Final

from exporters.prometheus.families.certificates import fingerprint, position
from exporters.prometheus.families.family import Family, Sample
from model.certificates.certificate import Revocation, RevocationMethod, ServedChain
from model.snapshot import EndpointStatus
from model.verdict import Verdict

_OCSP: Final = {RevocationMethod.STAPLE, RevocationMethod.OCSP}
_CRL: Final = {RevocationMethod.CRL}


def _revoked(status: EndpointStatus) -> Iterator[Sample]:
    for deployment, word in _words(status):
        if word.is_revoked is not Verdict.UNKNOWN:
            yield _labels(status, deployment, word), float(word.is_revoked is Verdict.YES)


def _times(
    methods: set[RevocationMethod], time_of: Callable[[Revocation], datetime | None]
) -> Callable[[EndpointStatus], Iterator[Sample]]:
    def samples(status: EndpointStatus) -> Iterator[Sample]:
        for deployment, word in _words(status):
            at = time_of(word)
            if word.method in methods and at is not None:
                yield _labels(status, deployment, word), at.timestamp()

    return samples


def _words(status: EndpointStatus) -> Iterator[tuple[ServedChain, Revocation]]:
    """The last answer of each method for each certificate."""
    for deployment in status.observation.own_certificates:
        words = {(one.position, one.method): one for one in deployment.revocations}
        for word in words.values():
            if word.position < len(deployment.chain):
                yield deployment, word


def _labels(
    status: EndpointStatus, deployment: ServedChain, word: Revocation
) -> tuple[str, str, str]:
    place = position(deployment, word.position, status.observation.started_at)
    return place, fingerprint(deployment.chain[word.position]), word.method.value


_OF_A_WORD: Final = ("position", "cert", "method")

REVOCATION_FAMILIES: Final = (
    Family(
        name="revoked",
        fact="certificates.revoked",
        help="1 if the certificate is revoked, 0 if it is proved not to be; one series for each "
        "method.",
        example="tlsprobe_revoked == 1",
        labels=_OF_A_WORD,
        samples=_revoked,
    ),
    Family(
        name="ocsp_this_update_timestamp_seconds",
        fact="certificates.revoked",
        help="Start of the validity of the OCSP response for the certificate (thisUpdate).",
        example="time() - tlsprobe_ocsp_this_update_timestamp_seconds",
        labels=_OF_A_WORD,
        samples=_times(_OCSP, lambda word: word.this_update),
    ),
    Family(
        name="ocsp_next_update_timestamp_seconds",
        fact="certificates.revoked",
        help="End of the validity of the OCSP response for the certificate (nextUpdate).",
        example="tlsprobe_ocsp_next_update_timestamp_seconds < time()",
        labels=_OF_A_WORD,
        samples=_times(_OCSP, lambda word: word.next_update),
    ),
    Family(
        name="crl_next_update_timestamp_seconds",
        fact="certificates.revoked",
        help="End of the validity of the issuer's certificate revocation list (nextUpdate).",
        example="tlsprobe_crl_next_update_timestamp_seconds < time()",
        labels=_OF_A_WORD,
        samples=_times(_CRL, lambda word: word.next_update),
    ),
)
