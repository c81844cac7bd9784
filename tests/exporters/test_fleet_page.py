"""The fleet's page shows what the dashboards' queries over all endpoints give, in a bounded number of series."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from exporters.prometheus.families.family import Sample
from exporters.prometheus.fleet.families import FLEET_FAMILIES
from exporters.prometheus.fleet.family import OTHER, FleetFamily, Reads, Statuses
from exporters.prometheus.fleet.totals import FleetTotals
from model.certificates.certificate import KeyType
from model.findings.finding import FindingStatus
from model.observation import Observation, State
from model.snapshot import Snapshot
from model.verdict import Fact, Verdict
from tests.exporters.test_inventory import KNOWN, NOW, TLS12, judged, page, snapshot
from tests.support.claims import LINE

MOST = 2000
DOWN = replace(KNOWN, state=State.REFUSED, protocols={}, certificates=())


def at(observed: Observation, host: str, address: str = "192.0.2.1") -> Observation:
    target = replace(KNOWN.endpoint.target, host=host)
    return replace(observed, endpoint=replace(KNOWN.endpoint, target=target, address=address))


def series(text: str) -> dict[tuple[str, ...], float]:
    """Each sample by its name without prefix and its labels' values."""
    return {
        (sample.name.removeprefix("tlsprobe_fleet_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def shown(*observed: Observation) -> dict[tuple[str, ...], float]:
    return series(FleetTotals().page(snapshot(*observed)))


def test_targets_are_counted_by_condition() -> None:
    old = replace(KNOWN.protocols[TLS12], verdict=Verdict.YES)
    (version,) = (one for one in KNOWN.protocols if one.label == "TLSv1.0")
    legacy = replace(KNOWN, protocols={**KNOWN.protocols, version: old})
    modern = replace(
        KNOWN, protocols={**KNOWN.protocols, version: replace(old, verdict=Verdict.NO)}
    )
    found = shown(
        at(legacy, "a.test", "192.0.2.1"),
        at(modern, "a.test", "192.0.2.2"),
        at(modern, "b.test"),
        at(DOWN, "c.test"),
    )
    assert found["targets", "up"] == 2
    assert found["targets", "down"] == 1
    assert found["targets", "old_protocols"] == 1
    assert found["protocol_supported", "TLSv1.0"] == 1
    assert found["protocol_supported", "TLSv1.2"] == 3


@pytest.mark.parametrize("name", ["protocol_supported", "cipher_suites", "feature_supported"])
def test_sums_are_those_of_the_endpoints_page(name: str) -> None:
    """As `sum by` over the page of the endpoints, whose query the dashboards have."""
    observed = [at(KNOWN, "a.test"), at(KNOWN, "b.test")]
    label = {"protocol_supported": "protocol", "cipher_suites": "strength"}.get(name, "feature")
    expected: dict[str, float] = {}
    for family in text_string_to_metric_families(page(*observed)):
        for sample in family.samples:
            if sample.name == f"tlsprobe_{name}":
                of = sample.labels[label]
                expected[of] = expected.get(of, 0.0) + sample.value
    found = {
        labels[1]: number
        for labels, number in shown(*observed).items()
        if labels[0] == name.replace("feature_supported", "features")
    }
    assert expected
    assert {of: number for of, number in found.items() if of in expected} == expected


def test_leaf_certificates_are_counted_by_the_time_that_is_left() -> None:
    (served,) = KNOWN.certificates
    observed = []
    for number, days in enumerate((-1, 3, 20, 29, 60, 200, 1000)):
        leaf = replace(served.leaf, not_after=NOW + timedelta(days=days), sha256=f"{number:064x}")
        chain = replace(served, chain=(leaf, *served.chain[1:]))
        observed.append(at(replace(KNOWN, certificates=(chain,)), f"h{number}.test"))
    found = shown(*observed)
    assert {labels[1]: n for labels, n in found.items() if labels[0] == "leaf_expiry"} == {
        "expired": 1, "7d": 1, "30d": 2, "90d": 1, "400d": 1, "later": 1,
    }  # fmt: skip
    first = min(n for labels, n in found.items() if labels[0] == "next_expiry_timestamp_seconds")
    assert first == (NOW - timedelta(days=1)).timestamp()


def test_a_page_after_changes_is_that_of_a_new_start() -> None:
    """Targets that came, changed, moved and left: the sums have no memory of them."""
    steps = [
        [at(KNOWN, "a.test"), at(DOWN, "b.test")],
        [at(replace(KNOWN, alpn=("h2",)), "a.test"), at(KNOWN, "b.test"), at(KNOWN, "c.test")],
        [at(KNOWN, "b.test", "192.0.2.1"), at(DOWN, "b.test", "192.0.2.2")],
        [],
    ]
    totals = FleetTotals()
    for observed in steps:
        assert totals.page(snapshot(*observed)) == FleetTotals().page(snapshot(*observed))


def with_each_family(reads: Reads) -> tuple[FleetFamily, ...]:
    return tuple(replace(family, reads=reads) for family in FLEET_FAMILIES)


def test_families_that_share_by_what_they_read_give_the_page_of_families_that_share_nothing() -> (
    None
):
    """A family that reads more than it declares would miss it here: each part differs in some endpoint."""
    (served,) = KNOWN.certificates
    chain = replace(served, chain=(replace(served.leaf, issuer="CN=Other"), *served.chain[1:]))
    untrusted = {name: replace(one, verdict=Verdict.NO) for name, one in served.trust.items()}
    observed = [
        at(KNOWN, "a.test"),
        at(KNOWN, "b.test"),
        at(replace(KNOWN, certificates=(chain,)), "c.test"),
        at(replace(KNOWN, certificates=(replace(served, trust=untrusted),)), "d.test"),
        at(replace(KNOWN, cipher_suites={}, groups={}), "e.test"),
        at(replace(KNOWN, cost=replace(KNOWN.cost, throttled=True)), "f.test"),
        at(replace(KNOWN, client_auth={}), "g.test"),
        at(DOWN, "h.test"),
    ]
    first, second, *others, down = snapshot(*observed).endpoints
    opened = replace(judged(), observation=first.observation)
    (high, *_) = opened.findings
    waived = replace(second, findings=(replace(high, status=FindingStatus.WAIVED),))
    failed = replace(down, consecutive_failures=3, config_changed_at=NOW)
    fleet = Snapshot(taken_at=NOW, endpoints=(opened, waived, *others, failed))
    own = FleetTotals(with_each_family(Reads.STATUS))
    assert FleetTotals().page(fleet) == own.page(fleet)


def test_a_family_is_computed_once_for_each_distinct_facts() -> None:
    computed: list[int] = []

    def count(statuses: Statuses) -> Iterator[Sample]:
        computed.append(len(statuses))
        yield (), 1.0

    (served,) = KNOWN.certificates
    other = replace(KNOWN, certificates=(replace(served, key_type=KeyType.RSA),))
    observed = [at(KNOWN, f"h{number}.test") for number in range(20)]
    observed += [at(other, f"other{number}.test") for number in range(20)]
    family = replace(FLEET_FAMILIES[0], labels=(), contributions=count, shown=None)
    for reads, times in ((Reads.CONFIGURATION, 1), (Reads.FACTS, 2), (Reads.STATUS, 40)):
        computed.clear()
        text = FleetTotals([replace(family, reads=reads)]).page(snapshot(*observed))
        assert (len(computed), series(text)) == (times, {("targets",): 40})


def test_no_fleet_has_more_series_than_the_limit() -> None:
    assert sum(family.most for family in FLEET_FAMILIES) < MOST
    (served,) = KNOWN.certificates
    observed = []
    for number in range(150):
        leaf = replace(served.leaf, issuer=f"CN=Issuer {number}", sha256=f"{number:064x}")
        chain = replace(served, chain=(leaf, *served.chain[1:]))
        observed.append(at(replace(KNOWN, certificates=(chain,)), f"h{number}.test"))
    found = shown(*observed)
    assert len(found) < MOST
    issuers = {labels[1]: n for labels, n in found.items() if labels[0] == "leaf_issuers"}
    assert (len(issuers), issuers[OTHER], sum(issuers.values())) == (100, 51, 150)
    assert sum(labels[0] == "next_expiry_timestamp_seconds" for labels in found) == 50


def test_texts_of_servers_are_cut_without_a_series_that_is_there_twice() -> None:
    (served,) = KNOWN.certificates
    observed = []
    for number in range(3):
        leaf = replace(served.leaf, issuer=f'{300 * "x"}"\n{number}', sha256=f"{number:064x}")
        chain = replace(served, chain=(leaf, *served.chain[1:]))
        observed.append(at(replace(KNOWN, certificates=(chain,)), f"h{number}.test"))
    found = [(labels, n) for labels, n in shown(*observed).items() if labels[0] == "leaf_issuers"]
    assert found == [(("leaf_issuers", f"{199 * 'x'}…"), 3)]


def test_claims_about_resources_without_a_target_are_counted() -> None:
    found = replace(snapshot(at(KNOWN, "a.test")), resource_claims=(LINE,))
    text = FleetTotals().page(found)
    assert series(text)["claims", "unprovable", "aws", "declared"] == 1


def test_an_empty_fleet_has_a_page() -> None:
    text = FleetTotals().page(Snapshot(taken_at=NOW, endpoints=()))
    names = re.findall(r"^# TYPE tlsprobe_(\w+) gauge$", text, re.MULTILINE)
    assert names == [family.name for family in FLEET_FAMILIES]


def test_deadlines_and_leaves_are_counted_by_what_is_post_quantum() -> None:
    """NOW is in 2026: 5 years end after 2030, and 10 after 2035 too."""

    def seen(host: str, verdict: Verdict, **labels: str) -> Observation:
        one = at(replace(KNOWN, features={"post_quantum_handshake": Fact(verdict=verdict)}), host)
        target = replace(one.endpoint.target, labels=labels)
        return replace(one, endpoint=replace(one.endpoint, target=target))

    (served,) = KNOWN.certificates
    leaf = replace(served.leaf, sha256="cd" * 32, signature_algorithm="ML-DSA-65")
    signed = replace(served, chain=(leaf, *served.chain[1:]))
    found = shown(
        seen("a.test", Verdict.NO, secrecy_years="4", migration_years="1"),
        seen("b.test", Verdict.UNKNOWN, secrecy_years="10"),
        seen("c.test", Verdict.YES, secrecy_years="99"),
        seen("d.test", Verdict.NO),
        replace(seen("e.test", Verdict.NO), certificates=(served, signed)),
        at(DOWN, "f.test"),
    )
    deadlines = {labels[1:]: n for labels, n in found.items() if labels[0].startswith("post_q")}
    assert deadlines == {
        ("us-order-2026", "yes"): 1, ("us-order-2026", "no"): 1, ("us-order-2026", "unknown"): 3,
        ("cnsa-2.0", "yes"): 0, ("cnsa-2.0", "no"): 2, ("cnsa-2.0", "unknown"): 3,
        ("nist-ir-8547", "yes"): 0, ("nist-ir-8547", "no"): 2, ("nist-ir-8547", "unknown"): 3,
    }  # fmt: skip
    leaves = {labels[1:]: n for labels, n in found.items() if labels[0] == "leaf_post_quantum"}
    assert leaves == {("key", "0"): 6, ("signature", "0"): 5, ("signature", "1"): 1}
