"""The inventory's page: readable whatever servers chose, true of what is known, silent on the rest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from exporters.prometheus import FAMILIES, InventoryCollector, inventory_registry
from model.certificate import Certificate, Deployment, KeyType, Problem, TrustVerdict
from model.observation import (
    AcceptedSet,
    ClientAuth,
    ClientAuthMode,
    Cost,
    Mode,
    Observation,
    State,
)
from model.protocol_version import ProtocolVersion
from model.snapshot import EndpointStatus, Snapshot
from model.target import Endpoint, Target
from model.verdict import Fact, Preference, Verdict
from tests.strategies import observations

NOW = datetime(2026, 11, 24, tzinfo=UTC)
TLS12, TLS13 = ProtocolVersion.TLSV1_2, ProtocolVersion.TLSV1_3
LEAF = Certificate(
    sha256="ab" * 32,
    subject="CN=shop.test",
    issuer="CN=issuer",
    not_before=NOW,
    not_after=NOW + timedelta(days=60),
    key_type=KeyType.ECDSA,
    key_bits=256,
)
ISSUER = Certificate(
    sha256="cd" * 32, subject="CN=issuer", issuer="CN=root", not_after=NOW + timedelta(days=30)
)
KNOWN = Observation(
    tool_version="0",
    mode=Mode.ENUMERATE,
    endpoint=Endpoint(
        target=Target(host="shop.test", port=443, server_name="shop.test", labels={"team": "pay"}),
        address="192.0.2.1",
    ),
    started_at=NOW,
    cost=Cost(duration_seconds=0.5, connections=27),
    state=State.TLS,
    protocols={
        TLS12: Fact(verdict=Verdict.YES),
        TLS13: Fact(verdict=Verdict.UNKNOWN),
        ProtocolVersion.TLSV1_0: Fact(verdict=Verdict.NO),
    },
    cipher_suites={
        TLS12: AcceptedSet(
            accepted=("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_RSA_WITH_RC4_128_SHA"),
            complete=True,
            preference=Preference.SERVER,
        )
    },
    certificates=(
        Deployment(
            key_type=KeyType.ECDSA,
            chain=(LEAF, ISSUER),
            versions=(TLS12,),
            served_with_server_name=True,
            problems=(Problem.INCOMPLETE,),
            trust={"mozilla": TrustVerdict(verdict=Verdict.NO, reason="no root")},
            hostname_matches=Verdict.YES,
        ),
    ),
    client_auth={TLS12: ClientAuth(mode=ClientAuthMode.REQUIRED)},
)


def snapshot(*observed: Observation) -> Snapshot:
    return Snapshot(
        taken_at=NOW,
        endpoints=tuple(
            EndpointStatus(
                observation=one,
                last_probe_at=NOW,
                last_success_at=NOW if one.answered_as_tls else None,
                consecutive_failures=0,
                interval_seconds=3600,
            )
            for one in observed
        ),
    )


def registry(*observed: Observation) -> CollectorRegistry:
    return inventory_registry(snapshot(*observed))


def series(*observed: Observation) -> dict[str, dict[frozenset[tuple[str, str]], float]]:
    """Every sample by name, then by its labels without those that identify the endpoint."""
    found: dict[str, dict[frozenset[tuple[str, str]], float]] = {}
    for family in registry(*observed).collect():
        for sample in family.samples:
            labels = frozenset(
                (name, text)
                for name, text in sample.labels.items()
                if name not in {"target", "address"}
            )
            found.setdefault(sample.name.removeprefix("tlsprobe_"), {})[labels] = sample.value
    return found


def labelled(**labels: str) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


EXPECTED: tuple[tuple[str, dict[str, str], float], ...] = (
    ("up", {}, 1),
    ("probe_duration_seconds", {}, 0.5),
    ("connections_used", {}, 27),
    ("protocol_supported", {"protocol": "TLSv1.2"}, 1),
    ("protocol_supported", {"protocol": "TLSv1.0"}, 0),
    ("cipher_suites", {"protocol": "TLSv1.2", "strength": "insecure"}, 1),
    ("cipher_suites", {"protocol": "TLSv1.2", "strength": "weak"}, 0),
    (
        "weak_cipher_suite_supported",
        {"protocol": "TLSv1.2", "cipher": "TLS_RSA_WITH_RC4_128_SHA"},
        1,
    ),
    ("server_cipher_preference", {"protocol": "TLSv1.2"}, 1),
    ("client_auth", {"protocol": "TLSv1.2", "mode": "required"}, 1),
    ("client_auth", {"protocol": "TLSv1.2", "mode": "none"}, 0),
    (
        "cert_not_after_timestamp_seconds",
        {"position": "leaf", "cert": "ab" * 8},
        (NOW + timedelta(days=60)).timestamp(),
    ),
    ("cert_lifetime_left_ratio", {"position": "leaf", "cert": "ab" * 8}, 1),
    (
        "chain_expiry_timestamp_seconds",
        {"cert": "ab" * 8},
        (NOW + timedelta(days=30)).timestamp(),
    ),
    ("cert_verify_success", {"cert": "ab" * 8, "trust_store": "mozilla"}, 0),
    (
        "cert_verify_error",
        {"cert": "ab" * 8, "trust_store": "mozilla", "reason": "incomplete_chain"},
        1,
    ),
    ("endpoint_labels", {"label_team": "pay"}, 1),
    (
        "check_unknown",
        {"check": "protocol_supported", "protocol": "TLSv1.3", "reason": "unproved"},
        1,
    ),
)


@pytest.mark.parametrize(("name", "labels", "number"), EXPECTED)
def test_a_fact_is_shown(name: str, labels: dict[str, str], number: float) -> None:
    assert series(KNOWN)[name][labelled(**labels)] == number


def test_what_is_unknown_has_no_series() -> None:
    shown = series(KNOWN)
    assert labelled(protocol="TLSv1.3") not in shown["protocol_supported"]
    assert "post_quantum_key_exchange" not in shown


def test_what_left_the_inventory_left_the_page() -> None:
    other = replace(KNOWN, endpoint=replace(KNOWN.endpoint, address="192.0.2.2"))
    current = [KNOWN, other]
    page = CollectorRegistry()
    page.register(InventoryCollector(lambda: snapshot(*current)))
    before = generate_latest(page)
    current.remove(KNOWN)
    after = generate_latest(page)
    assert [b'"192.0.2.1"' in text for text in (before, after)] == [True, False]
    assert b'"192.0.2.2"' in after


def test_unknown_is_told_from_no_and_from_yes() -> None:
    page = registry(KNOWN)
    identity = {"target": "shop.test:443", "address": "192.0.2.1"}
    told = [
        page.get_sample_value("tlsprobe_protocol_supported", {**identity, "protocol": version})
        for version in ("TLSv1.2", "TLSv1.0", "TLSv1.3")
    ]
    assert told == [1, 0, None]


@pytest.mark.parametrize("state", [state for state in State if state is not State.TLS])
def test_an_endpoint_without_tls_says_why(state: State) -> None:
    shown = series(replace(KNOWN, state=state))
    assert shown["up"] == {frozenset(): 0}
    ((labels, number),) = shown["probe_failure"].items()
    assert (dict(labels)["reason"], number) == (state.value, 1)


def test_a_certificate_that_cannot_be_read_is_no_root_and_no_mismatch() -> None:
    broken = Certificate(sha256="ee" * 32, parse_error="The certificate cannot be parsed.")
    deployment = replace(
        KNOWN.certificates[0],
        chain=(broken, replace(broken, sha256="dd" * 32)),
        trust={"mozilla": TrustVerdict(verdict=Verdict.UNKNOWN)},
        hostname_matches=Verdict.UNKNOWN,
    )
    shown = series(replace(KNOWN, certificates=(deployment,)))
    assert {dict(labels)["position"] for labels in shown["cert_info"]} == {"leaf", "intermediate"}
    assert "cert_hostname_matches" not in shown
    assert "cert_verify_success" not in shown
    for check in ("cert_hostname_matches", "cert_verify_success"):
        assert labelled(check=check, protocol="", reason="unproved") in shown["check_unknown"]


@settings(max_examples=60, deadline=None)
@given(st.lists(observations(), max_size=3, unique_by=lambda one: one.endpoint.key))
def test_any_page_can_be_read_back(observed: list[Observation]) -> None:
    page = registry(*observed)
    text = generate_latest(page).decode()
    names = {
        sample.name for family in text_string_to_metric_families(text) for sample in family.samples
    }
    expected = {sample.name for family in page.collect() for sample in family.samples}
    assert names == expected
    assert [family.name for family in read_openmetrics(generate_openmetrics(page).decode())]


@settings(max_examples=60, deadline=None)
@given(st.lists(observations(), max_size=3, unique_by=lambda one: one.endpoint.key))
def test_no_series_stands_twice(observed: list[Observation]) -> None:
    shown = [
        (sample.name, frozenset(sample.labels.items()))
        for family in registry(*observed).collect()
        for sample in family.samples
    ]
    assert len(shown) == len(set(shown))


def test_hostile_names_stay_one_label() -> None:
    hostile = Certificate(
        sha256="ef" * 32, subject='CN=a"} 1\nup 0\x1b[31m\ud800', issuer="x" * 100_000
    )
    deployment = Deployment(
        key_type=KeyType.OTHER,
        chain=(hostile,),
        versions=(),
        served_with_server_name=True,
        problems=(),
        trust={},
        hostname_matches=Verdict.UNKNOWN,
    )
    observed = Observation(
        tool_version="0",
        mode=Mode.ENUMERATE,
        endpoint=KNOWN.endpoint,
        started_at=NOW,
        cost=Cost(),
        state=State.TLS,
        certificates=(deployment,),
    )
    text = generate_latest(registry(observed)).decode()
    (info,) = [line for line in text.splitlines() if line.startswith("tlsprobe_cert_info{")]
    assert (len(info) < 1000, "\x1b" in text) == (True, False)


def test_names_in_the_catalogue_are_distinct() -> None:
    names = [family.name for family in FAMILIES]
    assert len(names) == len(set(names))
