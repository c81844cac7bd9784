"""Facts by name: features, vulnerabilities, plaintext facts, and facts from HTTP.

Each name is listed in docs/reference/checks.md. A fact that does not apply to an endpoint has no series. An
unknown fact has none either: it is counted in ``tlsprobe_check_unknown``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from exporters.prometheus.families.family import Family, Sample
from exporters.prometheus.options import Detail
from model.snapshot import EndpointStatus
from model.verdict import Fact, Verdict

STANDARD_FEATURES: Final = ("ocsp_stapling", "secure_renegotiation")
"""The features with series of their own at the standard detail."""


STANDARD_HTTP: Final = ("hsts", "redirects_to_https")
"""The HTTP facts with series of their own at the standard detail."""


def _known(facts: Mapping[str, Fact]) -> Iterator[Sample]:
    for name, fact in facts.items():
        if fact.verdict is not Verdict.UNKNOWN:
            yield (name,), float(fact.verdict is Verdict.YES)


def _standard_features(status: EndpointStatus) -> Iterator[Sample]:
    features = status.observation.features
    yield from _known({name: features[name] for name in STANDARD_FEATURES if name in features})


def _every_feature(status: EndpointStatus) -> Iterator[Sample]:
    yield from _known(status.observation.features)


def _feature_count(status: EndpointStatus) -> Iterator[Sample]:
    features = status.observation.features
    if features:
        yield (), float(sum(fact.verdict is Verdict.YES for fact in features.values()))


def _vulnerable(status: EndpointStatus) -> Iterator[Sample]:
    for name, fact in status.observation.vulnerabilities.items():
        if fact.verdict is Verdict.YES:
            yield (name,), 1.0


def _every_vulnerability(status: EndpointStatus) -> Iterator[Sample]:
    yield from _known(status.observation.vulnerabilities)


def _excluded(status: EndpointStatus) -> Iterator[Sample]:
    facts = status.observation.vulnerabilities
    if facts:
        yield (), float(sum(fact.verdict is Verdict.NO for fact in facts.values()))


def _plaintext(status: EndpointStatus) -> Iterator[Sample]:
    yield from _known(status.observation.plaintext)


def _standard_http(status: EndpointStatus) -> Iterator[Sample]:
    http = status.observation.http
    yield from _known({name: http[name] for name in STANDARD_HTTP if name in http})


def _all_http(status: EndpointStatus) -> Iterator[Sample]:
    yield from _known(status.observation.http)


FACT_FAMILIES: Final = (
    Family(
        name="vulnerable",
        fact="vulnerabilities.{check}",
        help="1 if the endpoint is vulnerable to the attack; at detail all, 0 if it is proved not "
        "to be.",
        example="count by (check) (tlsprobe_vulnerable == 1)",
        labels=("check",),
        samples=_vulnerable,
        all_samples=_every_vulnerability,
    ),
    Family(
        name="vulnerabilities_excluded",
        fact="vulnerabilities",
        help="Number of attacks to which the endpoint is proved not to be vulnerable.",
        example="sum(tlsprobe_vulnerabilities_excluded)",
        samples=_excluded,
    ),
    Family(
        name="features",
        fact="features",
        help="Number of probed features that the endpoint supports.",
        example="tlsprobe_features",
        samples=_feature_count,
    ),
    Family(
        name="feature_supported",
        fact="features.{feature}",
        help="1 if the endpoint supports the feature, 0 if it is proved not to.",
        example='tlsprobe_feature_supported{feature="ocsp_stapling"} == 0',
        labels=("feature",),
        samples=_standard_features,
        all_samples=_every_feature,
        detail=Detail.STANDARD,
    ),
    Family(
        name="plaintext",
        fact="plaintext.{fact}",
        help="1 if this fact about the service without TLS is true, 0 if it is not.",
        example='tlsprobe_plaintext{fact="answers_in_plaintext"} == 1',
        labels=("fact",),
        samples=_plaintext,
    ),
    Family(
        name="http",
        fact="http.{fact}",
        help="1 if this fact about the service's HTTP is true, 0 if it is not.",
        example='tlsprobe_http{fact="hsts"} == 0',
        labels=("fact",),
        samples=_standard_http,
        all_samples=_all_http,
    ),
)
