from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from exporters.terminal.scan_report import render_report
from model.certificates.certificate import Certificate, TrustVerdict
from model.findings.finding import Severity
from model.observation import Observation, State
from model.protocol_version import ProtocolVersion
from model.verdict import Fact, Verdict
from tests.service.samples import NOW, certificate, deployment, failed, legacy, modern, suites
from tests.support.strategies import observations

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
UNSAFE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def row(report: str, label: str) -> str:
    """The first line of the fact called ``label``, without the label."""
    (line,) = [line for line in report.splitlines() if line.startswith(f"  {label}  ")]
    return line.removeprefix(f"  {label}").strip()


def test_the_heading_says_who_and_what() -> None:
    assert render_report(modern(), NOW).splitlines()[0] == "www.example:443 at 192.0.2.1: TLS"


def test_protocols_are_said_with_yes_no_and_unknown() -> None:
    unsure = {**modern().protocols, ProtocolVersion.SSLV3: Fact(verdict=Verdict.UNKNOWN)}
    report = render_report(replace(modern(), protocols=unsure), NOW)
    assert row(report, "protocols") == (
        "SSLv2 no  SSLv3 unknown  TLSv1.0 no  TLSv1.1 no  TLSv1.2 yes  TLSv1.3 yes"
    )


def test_suites_are_grouped_by_strength_the_worst_first() -> None:
    lines = render_report(legacy(), NOW).splitlines()
    start = next(index for index, line in enumerate(lines) if "TLSv1.1  " in line)
    assert [line.strip() for line in lines[start : start + 3]] == [
        "TLSv1.1      insecure  TLS_RSA_WITH_RC4_128_MD5",
        "TLSv1.0      legacy    TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
        "2 suites, in the client's order",
    ]


def test_a_set_that_may_have_more_says_so() -> None:
    partial = replace(suites("TLS_AES_128_GCM_SHA256"), complete=False)
    observation = replace(modern(), cipher_suites={ProtocolVersion.TLSV1_3: partial})
    assert "list may be incomplete: not every suite could be probed" in render_report(
        observation, NOW
    )


def test_the_chain_is_said_with_days_and_trust() -> None:
    report = render_report(modern(), NOW)
    assert row(report, "certificate") == (
        "CN=www.example, ecdsa 256, expires in 60 days, 67% of its lifetime left (2026-08-30)"
    )
    assert "for www.example, example\n" in report
    assert "CN=Example CA, ecdsa 256, expires in 900 days (2028-12-17)\n" in report
    assert "trusted by mozilla: yes\n" in report


def test_client_auth_and_cost_are_said() -> None:
    report = render_report(legacy(), NOW)
    assert row(report, "client auth") == (
        "required (TLSv1.1, TLSv1.0), forged ones accepted; from CN=Clients"
    )
    assert row(report, "cost") == "21 connections in 0.25 s"


@pytest.mark.parametrize("state", [state for state in State if state is not State.TLS])
def test_a_failed_visit_is_one_sentence_and_its_cost(state: State) -> None:
    heading, cost = render_report(failed(state, "it fell silent"), NOW).splitlines()
    assert heading.startswith("down.example:443 at 192.0.2.1: ")
    assert heading.endswith(": it fell silent")
    assert cost == "  cost  2 connections in 5.00 s"


def test_faults_stand_before_facts() -> None:
    lines = render_report(legacy(), NOW).splitlines()
    severities = [word for line in lines[1:7] if (word := line.split()[0]) in set(Severity)]
    assert severities == ["critical", "critical", "high", "medium"]


def test_ten_thousand_names_and_certificates_stay_a_short_report() -> None:
    names = tuple(f"{number}.example" for number in range(10_000))
    leaf = replace(certificate("CN=" + "x" * 1_000_000), dns_names=names)
    chain = (leaf, *(certificate(f"CN={number}") for number in range(500)))
    long = replace(deployment(), chain=chain)
    report = render_report(replace(modern(), certificates=(long,)), NOW)
    assert "and 9992 more" in report
    assert "and 495 more" in report
    assert len(report) < 4000


def test_an_unreadable_certificate_says_why() -> None:
    broken = Certificate(sha256="00", parse_error="bad length at 4")
    observation = replace(modern(), certificates=(deployment(leaf=broken),))
    assert row(render_report(observation, NOW), "certificate") == "unreadable (bad length at 4)"


@pytest.mark.slow
@given(observations(), st.booleans(), st.integers(min_value=20, max_value=200))
def test_no_report_carries_a_control_that_is_not_our_colour(
    observation: Observation, colour: bool, width: int
) -> None:
    report = render_report(observation, NOW, colour=colour, width=width)
    plain = COLOUR.sub("", report) if colour else report
    lines = plain.split("\n")
    assert not UNSAFE_CATEGORIES & {unicodedata.category(char) for line in lines for char in line}
    assert max(cell_len(line) for line in lines) <= width


@pytest.mark.slow
@given(observations())
def test_colour_adds_nothing_but_colour(observation: Observation) -> None:
    coloured = COLOUR.sub("", render_report(observation, NOW, colour=True))
    plain = render_report(observation, NOW)
    assert [line.rstrip() for line in coloured.splitlines()] == plain.splitlines()


def test_a_name_cannot_be_markup() -> None:
    leaf = certificate("CN=[bold red]x[/] :warning: \x1b[31m")
    report = render_report(replace(modern(), certificates=(deployment(leaf=leaf),)), NOW)
    assert "CN=[bold red]x[/] :warning: \\x1b[31m" in report


def test_what_a_strict_client_has_against_a_trusted_chain_is_said() -> None:
    lenient = TrustVerdict(
        verdict=Verdict.YES, strict=Verdict.NO, strict_reason="No keyUsage in the CA."
    )
    chain = replace(modern().certificates[0], trust={"mozilla": lenient})
    report = render_report(replace(modern(), certificates=(chain,)), NOW)
    assert "trusted by mozilla: yes, but not by a strict client (No keyUsage in the CA)" in report


def test_trust_that_ends_before_the_leaf_does_says_when() -> None:
    end = NOW + timedelta(days=10)
    trusted = TrustVerdict(verdict=Verdict.YES, path_not_after=end)
    chain = replace(modern().certificates[0], trust={"mozilla": trusted})
    report = render_report(replace(modern(), certificates=(chain,)), NOW)
    assert f"trusted by mozilla: yes, until {end.date().isoformat()}\n" in report
