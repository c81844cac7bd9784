"""Whatever a server or an owner puts into a name, a parser reads the same from the page."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from prometheus_client import Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from exporters.prometheus import TARGET_FAMILIES, ServiceMetrics
from exporters.prometheus.options import MOST_OF_A_FAMILY, Detail, MetricOptions
from exporters.prometheus.page import PageWriter
from model.certificates.certificate import Certificate, TrustVerdict
from model.observation import AcceptedSet, Observation
from model.safe_output.label_text import LONGEST_KEY, LONGEST_LABEL, label_value
from model.target import Endpoint
from model.verdict import Preference, Verdict
from tests.exporters.test_inventory import KNOWN, NOW, TLS12, page, read, snapshot
from tests.support.strategies import observations

pytestmark = pytest.mark.slow

_LINE_ENDS_AND_CONTROLS = "\n\r\x00\x1b\x85\u2028\u202e"
_SYNTAX = '"\\{}=,# '
_SURROGATES = "\ud800\udfff"
_NASTY = st.sampled_from([*_LINE_ENDS_AND_CONTROLS, *_SYNTAX, *_SURROGATES, "\\n", '"} 1\nup 0\n'])
HOSTILE = st.lists(_NASTY | st.characters(), max_size=8).map("".join) | st.builds(
    lambda text, count: text * count, st.characters(), st.integers(LONGEST_LABEL, 5000)
)

OF_TARGETS = tuple(f"tlsprobe_{family.name}{{" for family in TARGET_FAMILIES)

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


def hostile_observations() -> SearchStrategy[Observation]:
    """Visits to an endpoint whose every free text is hostile."""
    certificate = st.builds(
        Certificate,
        sha256=HOSTILE,
        subject=HOSTILE,
        issuer=HOSTILE,
        serial_number=HOSTILE,
        signature_algorithm=HOSTILE,
    )
    return st.builds(
        lambda observed, chain, texts, labels: replace(
            observed,
            endpoint=Endpoint(
                target=replace(
                    KNOWN.endpoint.target,
                    host=texts[0],
                    server_name=texts[1],
                    source=texts[2],
                    labels=labels,
                ),
                address=texts[3],
            ),
            cipher_suites={
                TLS12: AcceptedSet(
                    accepted=tuple(texts), complete=False, preference=Preference.UNKNOWN
                )
            },
            certificates=(
                replace(
                    KNOWN.certificates[0],
                    chain=tuple(chain),
                    trust={text: TrustVerdict(verdict=Verdict.NO) for text in texts},
                ),
            ),
        ),
        observations(),
        st.lists(certificate, min_size=1, max_size=3),
        st.lists(HOSTILE, min_size=4, max_size=4),
        st.dictionaries(HOSTILE, HOSTILE, max_size=3),
    )


def series(families: list[Metric]) -> Series:
    """Every sample by its name and labels; each must occur once."""
    found: Series = {}
    for family in families:
        for sample in family.samples:
            place = sample.name, frozenset(sample.labels.items())
            assert place not in found
            found[place] = sample.value
    return found


def read_back(text: str) -> Series:
    return series(list(text_string_to_metric_families(text)))


@settings(max_examples=150, deadline=None)
@given(hostile_observations())
def test_a_page_of_hostile_names_is_the_same_when_read_back(observed: Observation) -> None:
    text = page(observed, detail=Detail.ALL)
    shown = read_back(text)
    assert len(shown) == sum(not line.startswith("#") for line in text.splitlines())
    texts = {value for _, labels in shown for _, value in labels}
    target = observed.endpoint.target
    assert {label_value(target.key, LONGEST_KEY), label_value(target.host)} <= texts | {""}
    subjects = {dict(labels)["subject"] for name, labels in shown if name == "tlsprobe_cert_info"}
    assert subjects <= {
        label_value(one.subject or "") for chain in observed.certificates for one in chain.chain
    }


@settings(deadline=None)
@given(HOSTILE)
def test_a_source_may_have_any_name(source: str) -> None:
    metrics = ServiceMetrics(
        queue_length=lambda: 0,
        probes_in_flight=lambda: 0,
        schedule_lag_seconds=lambda: 0,
        store_up=lambda: True,
    )
    metrics.discovery_updated(source, 7, None)
    place = "tlsprobe_discovery_targets", frozenset({("source", label_value(source))})
    assert read_back(generate_latest(metrics.registry).decode())[place] == 7


@given(HOSTILE)
def test_a_label_is_bounded_printable_and_encodable(text: str) -> None:
    shown = label_value(text)
    longest_escape = len("\\U0010ffff")
    assert len(shown.encode()) <= LONGEST_LABEL * longest_escape
    assert shown.isprintable()


def test_a_chain_of_thousands_is_cut_and_counted() -> None:
    chain = tuple(
        Certificate(sha256=f"{number:064x}"[::-1], not_after=NOW) for number in range(5000)
    )
    observed = replace(KNOWN, certificates=(replace(KNOWN.certificates[0], chain=chain),))
    writer = PageWriter()
    shown = read("".join(writer.write(snapshot(observed))))
    assert len(shown["cert_not_after_timestamp_seconds"]) == MOST_OF_A_FAMILY
    assert shown["endpoint_series_dropped"] == {frozenset(): 5000 - MOST_OF_A_FAMILY}
    assert writer.dropped_total == 5000 - MOST_OF_A_FAMILY


def test_an_endpoint_has_no_more_series_than_the_setting_allows() -> None:
    writer = PageWriter(MetricOptions(detail=Detail.ALL, most_series=10))
    text = "".join(writer.write(snapshot(KNOWN)))
    of_endpoint = [
        line
        for line in text.splitlines()
        if not line.startswith(("#", *OF_TARGETS, "tlsprobe_endpoint_"))
    ]
    assert len(of_endpoint) == 10
