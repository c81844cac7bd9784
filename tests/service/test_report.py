from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from exporters.terminal.scan_report import (
    ReportForm,
    SummaryLine,
    render_report,
    render_summary,
)
from model.certificates.certificate import Certificate, TrustVerdict
from model.findings.finding import Severity
from model.observation import ANSWERED, ClientAuth, ClientAuthMode, Observation, State
from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Fact, UnknownCause, Verdict
from tests.service.samples import NOW, certificate, deployment, failed, legacy, modern, suites
from tests.support.strategies import observations

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
UNSAFE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def row(report: str, label: str) -> str:
    """The first line of the fact called ``label``, without the label."""
    (line,) = [line for line in report.splitlines() if line.startswith(f"  {label}  ")]
    return line.removeprefix(f"  {label}").strip()


def test_the_heading_names_the_endpoint_and_the_result() -> None:
    assert render_report(modern(), NOW).splitlines()[0] == "www.example:443 at 192.0.2.1: TLS"


def test_protocols_are_reported_as_yes_no_or_unknown() -> None:
    unsure = {**modern().protocols, ProtocolVersion.SSLV3: Fact(verdict=Verdict.UNKNOWN)}
    report = render_report(replace(modern(), protocols=unsure), NOW)
    assert row(report, "protocols") == (
        "SSL 2.0 no  SSL 3.0 unknown  TLS 1.0 no  TLS 1.1 no  TLS 1.2 yes  TLS 1.3 yes"
    )


def test_suites_are_grouped_by_strength_worst_first() -> None:
    lines = render_report(legacy(), NOW).splitlines()
    start = next(index for index, line in enumerate(lines) if line.startswith("  suites "))
    assert [line.strip() for line in lines[start : start + 5]] == [
        "suites       TLS 1.1, 1.0: 2 suites, in the client's order",
        "insecure: broken cipher, no forward secrecy",
        "TLS_RSA_WITH_RC4_128_MD5",
        "legacy: CBC mode, no authenticated encryption",
        "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    ]


def test_versions_with_other_suites_have_a_separate_title() -> None:
    lines = [line.strip() for line in render_report(modern(), NOW).splitlines()]
    first = lines.index("suites       TLS 1.3: 3 suites, in the server's order")
    assert lines.index("TLS 1.2: 1 suite") > first


def test_an_incomplete_set_is_marked_as_incomplete() -> None:
    partial = replace(suites("TLS_AES_128_GCM_SHA256"), complete=False)
    observation = replace(modern(), cipher_suites={ProtocolVersion.TLSV1_3: partial})
    assert "list may be incomplete: not every suite could be probed" in render_report(
        observation, NOW
    )


def test_the_chain_is_reported_with_days_and_trust() -> None:
    report = render_report(modern(), NOW, form=ReportForm(width=120))
    said = [" ".join(line.split()) for line in report.splitlines()]
    start = said.index("certificate CN=www.example")
    assert said[start + 1 : start + 8] == [
        "names www.example, example",
        "issuer CN=Example CA",
        "key ECDSA 256 bits, signed with ecdsa-with-SHA256",
        "valid from 2026-06-01 until 2026-08-30, expires in 60 days, 67% of its lifetime left",
        "trusted by mozilla: yes",
        "served at TLS 1.3, 1.2, with server name",
        "then CN=Example CA, ECDSA 256 bits, expires in 900 days (2028-12-17)",
    ]


def test_client_auth_and_cost_are_reported() -> None:
    report = render_report(legacy(), NOW)
    assert row(report, "client auth") == (
        "required (TLS 1.1, 1.0), forged ones accepted; from CN=Clients"
    )
    assert row(report, "cost") == "21 connections in 0.25 s"


@pytest.mark.parametrize("state", [one for one in State if one not in ANSWERED])
def test_a_failed_visit_is_reported_in_one_sentence_with_its_cost(state: State) -> None:
    heading, cost = render_report(failed(state, "it fell silent"), NOW).splitlines()
    assert heading.startswith("down.example:443 at 192.0.2.1: ")
    assert heading.endswith(": it fell silent")
    assert cost == "  cost         2 connections in 5.00 s"


def test_problems_are_listed_before_facts() -> None:
    lines = render_report(legacy(), NOW).splitlines()
    facts = next(index for index, line in enumerate(lines) if line.startswith("  protocols "))
    severities = [line.split()[0] for line in lines[1:facts] if line[2:3].strip()]
    assert severities == ["critical", "critical", "high", "medium", "low"]


def test_each_fault_has_its_fix_below_it() -> None:
    lines = [line.strip() for line in render_report(legacy(), NOW).splitlines()]
    fault = next(index for index, line in enumerate(lines) if "expired 3 days ago" in line)
    assert lines[fault + 1] == "fix: renew the certificate, and reload the server"


def test_ten_thousand_names_and_certificates_give_a_short_report() -> None:
    names = tuple(f"{number}.example" for number in range(10_000))
    leaf = replace(certificate("CN=" + "x" * 1_000_000), dns_names=names)
    chain = (leaf, *(certificate(f"CN={number}") for number in range(500)))
    long = replace(deployment(), chain=chain)
    report = render_report(replace(modern(), certificates=(long,)), NOW)
    assert "and 9992 more" in report
    assert "and 495 more" in report
    assert len(report) < 4000


def test_an_unreadable_certificate_has_a_reason() -> None:
    broken = Certificate(sha256="00", parse_error="bad length at 4")
    observation = replace(modern(), certificates=(deployment(leaf=broken),))
    assert row(render_report(observation, NOW), "certificate") == "unreadable (bad length at 4)"


@pytest.mark.slow
@given(observations(), st.booleans(), st.integers(min_value=20, max_value=200))
def test_no_report_contains_a_control_sequence_except_our_colour(
    observation: Observation, colour: bool, width: int
) -> None:
    report = render_report(observation, NOW, form=ReportForm(has_colour=colour, width=width))
    plain = COLOUR.sub("", report) if colour else report
    lines = plain.split("\n")
    assert not UNSAFE_CATEGORIES & {unicodedata.category(char) for line in lines for char in line}
    assert max(cell_len(line) for line in lines) <= width


@pytest.mark.slow
@given(observations())
def test_colour_adds_nothing_but_colour(observation: Observation) -> None:
    coloured = COLOUR.sub("", render_report(observation, NOW, form=ReportForm(has_colour=True)))
    plain = render_report(observation, NOW)
    assert [line.rstrip() for line in coloured.splitlines()] == plain.splitlines()


def test_a_name_cannot_be_markup() -> None:
    leaf = certificate("CN=[bold red]x[/] :warning: \x1b[31m")
    report = render_report(replace(modern(), certificates=(deployment(leaf=leaf),)), NOW)
    assert "CN=[bold red]x[/] :warning: \\x1b[31m" in report


def test_the_objection_of_a_strict_client_to_a_trusted_chain_is_reported() -> None:
    lenient = TrustVerdict(
        verdict=Verdict.YES, strict=Verdict.NO, strict_reason="No keyUsage in the CA."
    )
    chain = replace(modern().certificates[0], trust={"mozilla": lenient})
    report = render_report(replace(modern(), certificates=(chain,)), NOW)
    assert "by mozilla: yes, but not by a strict client (No keyUsage in the CA)" in report


def test_trust_that_ends_before_the_leaf_is_reported_with_its_end() -> None:
    end = NOW + timedelta(days=10)
    trusted = TrustVerdict(verdict=Verdict.YES, path_not_after=end)
    chain = replace(modern().certificates[0], trust={"mozilla": trusted})
    report = render_report(replace(modern(), certificates=(chain,)), NOW)
    assert f"by mozilla: yes, until {end.date().isoformat()}\n" in report


VALUE_COLUMN = 15
"""Two columns of margin, eleven for the longest label, ``certificate``, and two between label and value."""


OF_SERVER_TEXT = {*Severity, "ALPN", "certificate", "software", "client auth"}
"""Labels whose value a server chooses: it may be blank, and the label then is alone on its line."""


def misaligned(report: str) -> list[str]:
    """The lines below the heading whose label or value does not begin where all others do."""
    return [
        line
        for line in report.splitlines()[1:]
        if line
        and line[2:] not in OF_SERVER_TEXT
        and not re.fullmatch(
            rf"  (?:(?! ).{{{VALUE_COLUMN - 4}}}| {{{VALUE_COLUMN - 4}}})  .*", line
        )
    ]


@pytest.mark.slow
@given(observations(), st.booleans(), st.integers(min_value=60, max_value=200))
def test_labels_and_values_are_aligned_at_every_width(
    observation: Observation, verbose: bool, width: int
) -> None:
    on_one_line = replace(observation, endpoint=modern().endpoint, state=State.TLS, reason=None)
    form = ReportForm(width=width, is_verbose=verbose)
    assert misaligned(render_report(on_one_line, NOW, form=form)) == []


def test_the_short_report_has_no_names_that_only_the_manual_explains() -> None:
    yes = Fact(verdict=Verdict.YES)
    observation = replace(
        modern(),
        features={"extended_main_secret": yes, "early_data": yes},
        fingerprints={"ja4s_tlsv1.2": "t120200_c02b_344b4dce5a52"},
    )
    short = render_report(observation, NOW)
    whole = render_report(observation, NOW, form=ReportForm(is_verbose=True))
    assert "early data (0-RTT) yes" in short
    for word in ("extended_main_secret", "ja4s"):
        assert word not in short
        assert word in whole


def test_unchecked_http_is_reported() -> None:
    target = replace(modern().endpoint.target, port=8443)
    other_port = replace(
        modern(),
        endpoint=replace(modern().endpoint, target=target),
        http={"status": Fact(verdict=Verdict.YES, value="200")},
    )
    said = "plain HTTP not checked: no http_port"
    assert said in render_report(other_port, NOW)
    labelled = replace(target, labels={"http_port": "8080"})
    checked = replace(other_port, endpoint=replace(modern().endpoint, target=labelled))
    assert said not in render_report(checked, NOW)


def test_checks_that_need_a_client_certificate_are_one_line_apart_from_unknown_ones() -> None:
    refused = Fact(
        verdict=Verdict.UNKNOWN,
        evidence=Evidence(
            note="alert certificate_required in a handshake without a client certificate"
        ),
        cause=UnknownCause.NEEDS_CLIENT_CERTIFICATE,
    )
    silent = Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(note="silence"))
    demanding = replace(
        modern(),
        vulnerabilities={"ticketbleed": refused, "heartbleed": silent},
        features={"tls13_resumption": refused},
        client_auth={ProtocolVersion.TLSV1_3: ClientAuth(mode=ClientAuthMode.REQUIRED)},
    )
    lines = [" ".join(line.split()) for line in render_report(demanding, NOW).splitlines()]
    assert "unknown Heartbleed" in lines
    assert "unknown needs a client certificate: Ticketbleed, resumption (TLS 1.3)" in lines


@pytest.mark.slow
@given(st.text("ab.-", min_size=1, max_size=250), st.integers(min_value=60, max_value=200))
def test_the_table_of_a_scan_fits_its_width_and_leaves_nothing_out(host: str, width: int) -> None:
    seen = modern()
    endpoint = replace(seen.endpoint, target=replace(seen.endpoint.target, host=host))
    lines = [
        SummaryLine.of(one, NOW, grade="A+ by the guide")
        for one in (replace(seen, endpoint=endpoint), legacy(), failed())
    ]
    heading, *table = render_summary(lines, ReportForm(width=width)).splitlines()
    assert max(map(cell_len, table)) <= width
    expected = "".join(column.plain for line in lines for column in line.columns())
    assert Counter("".join("".join(table).split())) == Counter("".join(expected.split()))
    assert heading == "3 endpoints, 1 with findings, 1 without TLS"
