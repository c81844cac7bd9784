"""The inventory's page: parsable for any server texts, correct for known facts, silent about unknown ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families

from exporters.prometheus import (
    FAMILIES,
    OPENMETRICS_END,
    TARGET_FAMILIES,
    Detail,
    MetricOptions,
    PageWriter,
)
from model.certificates.certificate import (
    Certificate,
    KeyType,
    Problem,
    Revocation,
    RevocationMethod,
    ServedChain,
    TrustFailure,
    TrustVerdict,
)
from model.findings.finding import Finding, FindingStatus, Outcome, RuleResult, Severity
from model.observation import (
    ANSWERED,
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
from model.verdict import Fact, Preference, UnknownCause, Verdict
from tests.support.strategies import observations

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
        ServedChain(
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
    features={
        "ocsp_stapling": Fact(verdict=Verdict.NO),
        "early_data": Fact(verdict=Verdict.UNKNOWN),
        "npn": Fact(verdict=Verdict.YES),
    },
    vulnerabilities={
        "rc4": Fact(verdict=Verdict.YES),
        "heartbleed": Fact(verdict=Verdict.NO),
        "robot": Fact(verdict=Verdict.UNKNOWN),
    },
    plaintext={"answers_in_plaintext": Fact(verdict=Verdict.YES)},
    http={"hsts": Fact(verdict=Verdict.NO)},
)


def snapshot(*observed: Observation) -> Snapshot:
    return Snapshot(
        taken_at=NOW,
        endpoints=tuple(
            EndpointStatus(
                observation=one,
                last_probe_at=NOW,
                last_success_at=NOW if one.answered else None,
                consecutive_failures=0,
                interval_seconds=3600,
            )
            for one in observed
        ),
    )


def page(*observed: Observation, detail: Detail = Detail.STANDARD) -> str:
    return "".join(PageWriter(MetricOptions(detail=detail)).write(snapshot(*observed)))


Series = dict[str, dict[frozenset[tuple[str, str]], float]]


def series(*observed: Observation, detail: Detail = Detail.STANDARD) -> Series:
    """Every sample by name, then by its labels without the target."""
    return read(page(*observed, detail=detail))


def read(text: str) -> Series:
    found: Series = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            labels = frozenset(item for item in sample.labels.items() if item[0] != "target")
            found.setdefault(sample.name.removeprefix("tlsprobe_"), {})[labels] = sample.value
    return found


def labelled(**labels: str) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


EXPECTED: tuple[tuple[str, dict[str, str], float], ...] = (
    ("up", {}, 1),
    ("addresses", {}, 1),
    ("address_up", {"address": "192.0.2.1"}, 1),
    ("probe_duration_seconds", {"phase": "total"}, 0.5),
    ("connections_used", {}, 27),
    ("protocol_supported", {"protocol": "TLSv1.2"}, 1),
    ("protocol_supported", {"protocol": "TLSv1.0"}, 0),
    ("cipher_suites", {"protocol": "TLSv1.2", "strength": "insecure"}, 1),
    ("cipher_suites", {"protocol": "TLSv1.2", "strength": "weak"}, 0),
    (
        "weak_cipher_suite_supported",
        {"protocol": "TLSv1.2", "cipher": "TLS_RSA_WITH_RC4_128_SHA", "strength": "insecure"},
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
    ("cert_verify_success", {"cert": "ab" * 8, "trust_store": "mozilla"}, 0),
    (
        "cert_verify_error",
        {"cert": "ab" * 8, "trust_store": "mozilla", "reason": "incomplete_chain"},
        1,
    ),
    ("endpoint_labels", {"label_team": "pay"}, 1),
    ("vulnerable", {"check": "rc4"}, 1),
    ("vulnerabilities_excluded", {}, 1),
    ("features", {}, 1),
    ("feature_supported", {"feature": "ocsp_stapling"}, 0),
    ("plaintext", {"fact": "answers_in_plaintext"}, 1),
    ("http", {"fact": "hsts"}, 0),
    (
        "negotiated_info",
        {
            "version": "TLSv1.2",
            "cipher": "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            "group": "",
            "alpn": "",
            "signature_algorithm": "",
        },
        1,
    ),
    ("check_unknown", {"check": "robot", "protocol": "", "reason": "inconclusive"}, 1),
    ("check_unknown", {"check": "early_data", "protocol": "", "reason": "inconclusive"}, 1),
    (
        "check_unknown",
        {"check": "protocol_supported", "protocol": "TLSv1.3", "reason": "inconclusive"},
        1,
    ),
)


@pytest.mark.parametrize(("name", "labels", "number"), EXPECTED)
def test_a_fact_is_shown(name: str, labels: dict[str, str], number: float) -> None:
    assert series(KNOWN)[name][labelled(**labels)] == number


def test_computable_series_are_shown_only_in_full_detail() -> None:
    shown = series(KNOWN, detail=Detail.ALL)
    leaf = labelled(position="leaf", cert="ab" * 8)
    assert shown["cert_lifetime_remaining_ratio"][leaf] == 1
    first_end = (NOW + timedelta(days=30)).timestamp()
    assert shown["served_chain_expiry_timestamp_seconds"] == {labelled(cert="ab" * 8): first_end}
    assert "cert_lifetime_remaining_ratio" not in series(KNOWN)


def test_an_unknown_fact_has_no_series() -> None:
    shown = series(KNOWN)
    assert labelled(protocol="TLSv1.3") not in shown["protocol_supported"]
    assert "post_quantum_key_exchange" not in shown


def test_an_endpoint_that_left_the_inventory_is_not_on_the_page() -> None:
    other = replace(KNOWN, endpoint=replace(KNOWN.endpoint, address="192.0.2.2"))
    writer = PageWriter()
    before, after = ("".join(writer.write(snapshot(*some))) for some in ([KNOWN, other], [other]))
    assert ['"192.0.2.1"' in text for text in (before, after)] == [True, False]
    assert '"192.0.2.2"' in after


def test_shared_series_are_listed_under_each_endpoint() -> None:
    target = Target(host="other.test", port=443, server_name="other.test")
    others = replace(KNOWN, endpoint=Endpoint(target=target, address="192.0.2.1"))
    own, foreign = "shop.test:443", "other.test:443"
    both = [line for line in page(KNOWN, others).splitlines() if not line.startswith("#")]
    for one, name in ((KNOWN, own), (others, foreign)):
        alone = [line for line in page(one).splitlines() if not line.startswith("#")]
        assert [line for line in both if f'target="{name}"' in line] == alone


def test_an_address_label_is_set_only_if_a_name_has_several() -> None:
    other = replace(
        KNOWN, endpoint=replace(KNOWN.endpoint, address="192.0.2.2"), state=State.TIMEOUT
    )
    alone, both = series(KNOWN), series(KNOWN, other)
    assert alone["consecutive_failures"] == {labelled(): 0}
    assert both["consecutive_failures"] == {
        labelled(address="192.0.2.1"): 0,
        labelled(address="192.0.2.2"): 0,
    }
    assert both["up"] == {labelled(): 1}
    assert both["addresses"] == {labelled(): 2}
    assert both["address_up"] == {
        labelled(address="192.0.2.1"): 1,
        labelled(address="192.0.2.2"): 0,
    }


def test_unknown_is_distinguished_from_no_and_yes() -> None:
    shown = series(KNOWN)["protocol_supported"]
    told = [shown.get(labelled(protocol=one)) for one in ("TLSv1.2", "TLSv1.0", "TLSv1.3")]
    assert told == [1, 0, None]


def test_negative_results_are_shown_only_in_full_detail() -> None:
    standard, everything = series(KNOWN), series(KNOWN, detail=Detail.ALL)
    assert standard["vulnerable"] == {labelled(check="rc4"): 1}
    assert everything["vulnerable"] == {labelled(check="rc4"): 1, labelled(check="heartbleed"): 0}
    assert labelled(feature="npn") not in standard["feature_supported"]
    assert everything["feature_supported"][labelled(feature="npn")] == 1


def test_each_detail_level_includes_the_previous_one() -> None:
    shown = [
        {(name, labels) for name, found in series(KNOWN, detail=detail).items() for labels in found}
        for detail in Detail
    ]
    assert shown[0] < shown[1] < shown[2]
    assert not {"weak_cipher_suite_supported", "feature_supported"} & {name for name, _ in shown[0]}


def judged() -> EndpointStatus:
    """With one policy and three findings: one open, one waived, one resolved."""
    (status,) = snapshot(KNOWN).endpoints
    results = [
        RuleResult(
            policy="corp",
            rule=f"rule-{number}",
            severity=severity,
            outcome=Outcome.FAIL,
            requirement="",
            observed="",
            required="",
            source="",
        )
        for number, severity in enumerate((Severity.HIGH, Severity.LOW, Severity.HIGH))
    ]
    lives = (FindingStatus.OPEN, FindingStatus.WAIVED, FindingStatus.RESOLVED)
    findings = tuple(
        Finding(
            endpoint_key=status.observation.endpoint.key,
            result=result,
            status=life,
            first_seen_at=NOW,
            last_seen_at=NOW,
        )
        for result, life in zip(results, lives, strict=True)
    )
    return replace(
        status,
        findings=findings,
        compliance={"corp": Verdict.NO, "other": Verdict.UNKNOWN},
        config_changed_at=NOW,
        certificate_changed_at=NOW - timedelta(days=1),
    )


def test_policies_and_findings_are_counted_and_undecided_ones_are_unknown() -> None:
    shown = read("".join(PageWriter().write(Snapshot(taken_at=NOW, endpoints=(judged(),)))))
    assert shown["policy_compliant"] == {labelled(policy="corp"): 0}
    assert (
        labelled(check="policy_compliant", protocol="", reason="inconclusive")
        in (shown["check_unknown"])
    )
    counted = {
        dict(labels)["severity"]: number
        for labels, number in shown["findings"].items()
        if ("policy", "corp") in labels
    }
    assert counted == {"info": 0, "low": 0, "medium": 0, "high": 1, "critical": 0}
    assert shown["findings_waived"] == {labelled(policy="corp"): 1, labelled(policy="other"): 0}
    assert shown["rule_waived"] == {labelled(rule="rule_1", rule_id=""): 1}
    assert shown["config_changed_timestamp_seconds"] == {frozenset(): NOW.timestamp()}
    assert shown["cert_changed_timestamp_seconds"] == {frozenset(): NOW.timestamp() - 86400}


def test_a_rule_with_an_open_finding_of_another_policy_is_not_waived() -> None:
    status = judged()
    (_, waived, _) = status.findings
    other = replace(
        waived, result=replace(waived.result, policy="other"), status=FindingStatus.OPEN
    )
    status = replace(status, findings=(waived, other))
    shown = read("".join(PageWriter().write(Snapshot(taken_at=NOW, endpoints=(status,)))))
    assert "rule_waived" not in shown


def test_what_needs_a_client_certificate_is_one_number_and_no_unknown_fact() -> None:
    cause = UnknownCause.NEEDS_CLIENT_CERTIFICATE
    withheld = Fact(verdict=Verdict.UNKNOWN, cause=cause)
    observed = replace(
        KNOWN,
        features={"early_data": withheld, "tls13_resumption": withheld},
        vulnerabilities={"ticketbleed": withheld, "robot": Fact(verdict=Verdict.UNKNOWN)},
    )
    status = replace(judged(), observation=observed, compliance={"corp": Verdict.UNKNOWN})
    (finding, *_) = status.findings
    result = replace(finding.result, outcome=Outcome.UNKNOWN, cause=cause)
    status = replace(status, findings=(replace(finding, result=result),))
    shown = read("".join(PageWriter().write(Snapshot(taken_at=NOW, endpoints=(status,)))))
    assert shown["facts_needing_client_certificate"] == {frozenset(): 3}
    unknown = {dict(labels)["check"] for labels in shown["check_unknown"]}
    assert "robot" in unknown
    assert not unknown & {"early_data", "tls13_resumption", "ticketbleed", "policy_compliant"}
    assert set(shown["findings"].values()) == {0}
    reason = {"policy": "corp", "reason": "needs_client_certificate"}
    assert shown["findings_unknown"] == {labelled(**reason): 1}


def test_revocation_status_is_reported_by_method() -> None:
    words = tuple(
        Revocation(
            position=0,
            method=method,
            is_revoked=Verdict.NO,
            this_update=NOW,
            next_update=NOW + timedelta(days=days),
        )
        for method, days in ((RevocationMethod.STAPLE, 1), (RevocationMethod.CRL, 7))
    )
    deployment = replace(KNOWN.certificates[0], revocations=words)
    shown = series(replace(KNOWN, certificates=(deployment,)))
    staple = labelled(position="leaf", cert="ab" * 8, method="staple")
    crl = labelled(position="leaf", cert="ab" * 8, method="crl")
    assert shown["revoked"] == {staple: 0, crl: 0}
    assert shown["ocsp_this_update_timestamp_seconds"] == {staple: NOW.timestamp()}
    assert shown["ocsp_next_update_timestamp_seconds"] == {staple: NOW.timestamp() + 86400}
    assert shown["crl_next_update_timestamp_seconds"] == {crl: NOW.timestamp() + 7 * 86400}


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (TrustFailure.PURPOSE, "bad_eku"),
        (TrustFailure.NAME_CONSTRAINT, "name_constraint"),
        (None, "unknown_ca"),
    ],
)
def test_a_problem_that_only_the_verifier_finds_is_a_reason(
    failure: TrustFailure | None, reason: str
) -> None:
    deployment = replace(
        KNOWN.certificates[0],
        problems=(),
        trust={"mozilla": TrustVerdict(verdict=Verdict.NO, reason="x", failure=failure)},
    )
    shown = series(replace(KNOWN, certificates=(deployment,)))["cert_verify_error"]
    assert {dict(labels)["reason"] for labels in shown} == {reason}


@pytest.mark.parametrize(("expected", "shown"), [("required", 1), ("sometimes", 0)])
def test_the_expected_client_certificate_policy_is_shown(expected: str, shown: int) -> None:
    target = replace(KNOWN.endpoint.target, labels={"client_auth": expected})
    found = series(replace(KNOWN, endpoint=replace(KNOWN.endpoint, target=target)))
    assert len(found.get("client_auth_expected", {})) == shown


def test_only_what_changed_is_written_again() -> None:
    other = replace(KNOWN, endpoint=replace(KNOWN.endpoint, address="192.0.2.2"))
    writer = PageWriter(MetricOptions(most_series=1))
    "".join(writer.write(snapshot(KNOWN, other)))
    of_both = writer.dropped_total
    "".join(writer.write(snapshot(KNOWN, other)))
    assert writer.dropped_total == of_both
    slower = replace(other, cost=Cost(duration_seconds=9.0))
    "".join(writer.write(snapshot(KNOWN, slower)))
    assert writer.dropped_total == 1.5 * of_both


@pytest.mark.parametrize("state", [state for state in State if state not in ANSWERED])
def test_an_endpoint_without_tls_has_a_reason(state: State) -> None:
    shown = series(replace(KNOWN, state=state))
    assert shown["up"] == {frozenset(): 0}
    ((labels, number),) = shown["probe_failure"].items()
    assert (dict(labels)["reason"], number) == (state.value, 1)


@pytest.mark.parametrize(
    ("state", "connections", "stage"),
    [
        (State.DNS_ERROR, 0, "resolve"),
        (State.UNREACHABLE, 0, "connect"),
        (State.REFUSED, 0, "connect"),
        (State.REFUSED, 3, "handshake"),
        (State.TIMEOUT, 0, "connect"),
        (State.TIMEOUT, 3, "handshake"),
        (State.PLAINTEXT, 3, "handshake"),
        (State.NOT_TLS, 3, "handshake"),
        (State.ERROR, 3, "internal"),
    ],
)
def test_the_stage_of_a_failure_is_the_one_that_was_reached(
    state: State, connections: int, stage: str
) -> None:
    shown = series(replace(KNOWN, state=state, cost=Cost(connections=connections)))
    assert {dict(labels)["stage"] for labels in shown["probe_failure"]} == {stage}


def test_an_expired_certificate_that_a_trusted_chain_does_not_need_is_surplus() -> None:
    trusted = {"mozilla": TrustVerdict(verdict=Verdict.YES)}
    distrusted = {"mozilla": TrustVerdict(verdict=Verdict.NO)}
    leaf = replace(KNOWN.certificates[0].leaf, not_after=KNOWN.started_at + timedelta(days=9))
    old = Certificate(sha256="ee" * 32, not_after=KNOWN.started_at - timedelta(days=1))
    for trust, place in ((trusted, "surplus"), (distrusted, "intermediate")):
        deployment = replace(KNOWN.certificates[0], chain=(leaf, old), trust=trust)
        shown = series(replace(KNOWN, certificates=(deployment,)), detail=Detail.ALL)
        places = {dict(labels)["position"] for labels in shown["cert_not_after_timestamp_seconds"]}
        assert places == {"leaf", place}


def test_an_unreadable_certificate_is_neither_a_root_nor_a_mismatch() -> None:
    broken = Certificate(sha256="ee" * 32, parse_error="The certificate cannot be parsed.")
    deployment = replace(
        KNOWN.certificates[0],
        chain=(broken, replace(broken, sha256="dd" * 32)),
        trust={"mozilla": TrustVerdict(verdict=Verdict.UNKNOWN)},
        hostname_matches=Verdict.UNKNOWN,
    )
    shown = series(replace(KNOWN, certificates=(deployment,)), detail=Detail.ALL)
    assert {dict(labels)["position"] for labels in shown["cert_info"]} == {"leaf", "intermediate"}
    assert "cert_hostname_matches" not in shown
    assert "cert_verify_success" not in shown
    for check in ("cert_hostname_matches", "cert_verify_success"):
        assert labelled(check=check, protocol="", reason="inconclusive") in shown["check_unknown"]


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.lists(observations(), max_size=3, unique_by=lambda one: one.endpoint.key))
def test_any_page_can_be_read_back_and_has_no_series_twice(observed: list[Observation]) -> None:
    text = page(*observed, detail=Detail.ALL)
    shown = [
        (sample.name, frozenset(sample.labels.items()))
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]
    assert len(shown) == len(set(shown))
    assert len(shown) == sum(not line.startswith("#") for line in text.splitlines())
    families: list[Any] = list(read_openmetrics(text + OPENMETRICS_END))
    assert sum(len(family.samples) for family in families) == len(shown)


def test_hostile_names_stay_one_label() -> None:
    hostile = Certificate(
        sha256="ef" * 32, subject='CN=a"} 1\nup 0\x1b[31m\ud800', issuer="x" * 100_000
    )
    deployment = ServedChain(
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
    text = page(observed)
    (info,) = [line for line in text.splitlines() if line.startswith("tlsprobe_cert_info{")]
    assert (len(info) < 1000, "\x1b" in text) == (True, False)


def test_names_in_the_catalogue_are_distinct() -> None:
    names = [*(one.name for one in TARGET_FAMILIES), *(one.name for one in FAMILIES)]
    assert len(names) == len(set(names))
