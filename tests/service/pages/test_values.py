"""What the overview, the findings and the feed say, from endpoints whose facts are known."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporters.pages.changes import atom_feed
from exporters.pages.findings.listing import FindingFilter, finding_group, grouped
from exporters.pages.overview.adoption import adoption_values
from exporters.pages.overview.charts import WIDTH, expiry_calendar, line_chart
from exporters.pages.overview.page import count_of, fleet_values, past_moments, policy_trends
from exporters.pages.rows import row_of
from exporters.pages.times import relative_to
from exporters.pages.unproven import Unproven
from model.certificates.certificate import KeyType
from model.comparisons.attribution import Attribution
from model.comparisons.change import Change, ChangeKind
from model.observation import Cost, State
from model.protocol_version import ProtocolVersion
from model.query import ComplianceCount
from model.records.fleet_count import FleetCount, accepted_by, fleet_count
from model.snapshot import EndpointStatus
from model.verdict import Fact, UnknownCause, Verdict
from tests.exporters.reports.samples import POLICY, snapshot
from tests.service.pages.samples import client_of, status
from tests.service.samples import NOW, certificate, deployment, failed, legacy, modern


def with_post_quantum(one: EndpointStatus) -> EndpointStatus:
    """The same status; where a post-quantum group is accepted, a handshake finished with it."""
    if not one.observation.groups:
        return one
    finished = {"post_quantum_handshake": Fact(verdict=Verdict.YES, value="X25519MLKEM768")}
    return replace(one, observation=replace(one.observation, features=finished))


ENDPOINTS = tuple(map(with_post_quantum, snapshot().endpoints))
ROWS = list(map(row_of, ENDPOINTS))
"""old violates, www is compliant, wiki violates and is partly unknown, lost does not answer."""


def test_the_tiles_count_each_endpoint() -> None:
    tiles = {tile.words: tile.count for tile in fleet_values(ROWS, NOW)["tiles"]}
    assert tiles == {
        "endpoints": 4,
        "compliant": 1,
        "not compliant": 2,
        "not proved to be compliant": 1,
        "with a certificate that expires within 30 days": 1,
        "do not answer": 1,
    }


async def test_each_tile_leads_to_as_many_endpoints_as_it_counts() -> None:
    async with client_of(*snapshot().endpoints) as client:
        for tile in fleet_values(ROWS, NOW)["tiles"]:
            page = (await client.get(tile.link)).text
            assert f"{tile.count} of 4 endpoints" in page, tile.words


def test_bars_count_the_endpoints_that_answer() -> None:
    values = adoption_values(count_of(ROWS, NOW), ())
    versions = {bar.name: (bar.count, bar.mark) for bar in values["versions"]}
    assert versions == {
        "TLS 1.3": (2, "good"),
        "TLS 1.2": (2, "good"),
        "TLS 1.1": (1, "bad"),
        "TLS 1.0": (1, "bad"),
    }
    assert {bar.name: bar.count for bar in values["strengths"]} == {"insecure": 1, "recommended": 2}
    assert [bar.count for bar in values["post_quantum"]] == [2, 1]


def test_leaf_certificates_with_ml_dsa_are_counted_once() -> None:
    signed = replace(certificate(), sha256="cd" * 32, signature_algorithm="ML-DSA-65")
    both = replace(signed, sha256="ef" * 32, key_type=KeyType.MLDSA)
    served = (deployment(leaf=certificate()), deployment(leaf=signed), deployment(leaf=both))
    seen = [replace(modern(f"{name}.example"), certificates=served) for name in "ab"]
    count = count_of([row_of(status(one)) for one in seen], NOW)
    assert (count.leaves, count.post_quantum_keys, count.post_quantum_signatures) == (3, 1, 2)
    keys, signatures = adoption_values(count, ())["leaves"]
    assert (keys.count, keys.percent, signatures.count, signatures.percent) == (1, 33.3, 2, 66.7)


def test_the_shares_of_the_last_weeks_are_lines_and_what_vanished_stays() -> None:
    """Ten endpoints accepted TLS 1.0 before, one of them SSL 3.0; www, wiki and old answer now."""
    past = FleetCount(
        at=NOW - timedelta(days=45),
        answering=10,
        versions={"TLSv1.0": 10, "SSLv3": 1},
        weakest={"weak": 10},
        post_quantum=0,
    )
    values = adoption_values(count_of(ROWS, NOW), (past,))
    bars = {bar.name: bar for every in values.values() for bar in every}
    lines = {name: bar.trend for name, bar in bars.items() if bar.trend}
    words = {
        name: [point.words.partition(": ")[2] for point in lines[name].points] for name in lines
    }
    assert words["TLS 1.0"] == ["10 of 10 (100 %)", "1 of 3 (33 %)"]
    assert words["SSL 3.0"] == ["1 of 10 (10 %)", "0 of 3 (0 %)"]
    assert words["weak"] == ["10 of 10 (100 %)", "0 of 3 (0 %)"]
    assert words["post-quantum"] == ["0 of 10 (0 %)", "2 of 3 (66 %)"]
    assert bars["SSL 3.0"].count == 0
    # Every line begins 90 days ago, so that 45 days ago is in the middle.
    assert {line.points[0].x for line in lines.values()} == {WIDTH / 2}


def test_a_count_is_of_the_endpoints_that_answer() -> None:
    observations = [one.observation for one in ENDPOINTS]
    answering = [one for one in observations if one.answered]
    assert count_of(ROWS, NOW) == fleet_count(map(accepted_by, answering), NOW)


def test_an_accepted_group_without_a_finished_handshake_is_not_counted() -> None:
    rows = list(map(row_of, snapshot().endpoints))
    assert any("X25519MLKEM768" in str(row.status.observation.groups) for row in rows)
    assert count_of(rows, NOW).post_quantum == 0


def test_ssh_servers_are_not_counted_with_those_of_tls() -> None:
    ssh = replace(status(modern()), observation=replace(modern(), state=State.SSH, protocols={}))
    assert count_of([row_of(ssh), *ROWS], NOW) == count_of(ROWS, NOW)


def test_the_next_certificate_to_expire_is_first() -> None:
    row, _ = fleet_values(ROWS, NOW)["next"][0]
    assert row.name == "old.example:443"


def test_a_trend_goes_from_the_stored_counts_to_the_current_ones() -> None:
    moments = past_moments(NOW)
    past = [
        ComplianceCount(at=moments[0], policy=POLICY.name, verdict=Verdict.NO, endpoints=4),
        ComplianceCount(at=moments[-1], policy=POLICY.name, verdict=Verdict.NO, endpoints=2),
        ComplianceCount(at=moments[-1], policy=POLICY.name, verdict=Verdict.YES, endpoints=2),
    ]
    (trend,) = policy_trends(ROWS, past, NOW)
    assert trend.chart is not None
    words = [point.words.partition(": ")[2] for point in trend.chart.points]
    assert words == ["0 of 4 (0 %)", "2 of 4 (50 %)", "1 of 4 (25 %)"]
    assert moments[0] == NOW - timedelta(weeks=13)


def test_one_point_is_no_line() -> None:
    assert line_chart("share", [(NOW - timedelta(days=1), 0, 0), (NOW, 1, 2)]) is None


@given(
    st.lists(st.integers(0, 400)),
    st.integers(0, 20_000).map(lambda hours: NOW + timedelta(hours=hours)),
)
def test_the_calendar_has_every_certificate_of_the_next_half_year(
    days: list[int], now: datetime
) -> None:
    calendar = expiry_calendar([now + timedelta(days=one) for one in days], now)
    assert [day.is_today for day in calendar.days].count(True) == 1
    shown = sum(int(re.findall(r": (\d+) ", day.words)[0]) for day in calendar.days)
    assert shown == sum(one < len(calendar.days) for one in days)
    assert len({(day.x, day.y) for day in calendar.days}) == len(calendar.days)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(), "now"),
        (timedelta(seconds=-59), "now"),
        (timedelta(minutes=-1), "1 minute ago"),
        (timedelta(hours=-47), "47 hours ago"),
        (timedelta(days=-2), "2 days ago"),
        (timedelta(days=12), "in 12 days"),
        (timedelta(days=90), "in 3 months"),
        (timedelta(days=-800), "2 years ago"),
    ],
)
def test_times_are_relative(span: timedelta, words: str) -> None:
    assert relative_to(NOW)(NOW + span) == words


def test_what_is_unknown_comes_with_the_reason() -> None:
    hidden = Fact(verdict=Verdict.UNKNOWN, cause=UnknownCause.NEEDS_CLIENT_CERTIFICATE)
    seen = replace(
        modern(),
        protocols={ProtocolVersion.TLSV1_0: Fact(verdict=Verdict.UNKNOWN)},
        http={"hsts": hidden},
        cost=Cost(cut_short=True),
    )
    assert set(row_of(status(seen)).unproven) == {
        Unproven("TLS 1.0", "the visit's time or budget ended first"),
        Unproven("HSTS, max-age in seconds", "the server answers only clients with a certificate"),
    }
    assert row_of(status(failed())).unproven == (
        Unproven("everything", "the endpoint does not answer in time"),
    )


def test_findings_are_grouped_by_rule_and_by_endpoint() -> None:
    by_rule = FindingFilter()
    groups = [finding_group(by_rule, found) for found in grouped(by_rule, ROWS)]
    assert [group.count for group in groups] == [1, 3]
    assert "TP-TRUST-001" in groups[0].note
    by_endpoint = FindingFilter(by="endpoint", status="unknown")
    titles = [finding_group(by_endpoint, found).title for found in grouped(by_endpoint, ROWS)]
    assert sorted(titles) == ["lost.example:443", "wiki.example:443"]


def test_each_change_is_an_entry_that_keeps_its_identity() -> None:
    change = Change(
        endpoint_key=legacy().endpoint.key,
        at=NOW,
        fact="protocols.SSLv3",
        kind=ChangeKind.VANISHED,
        before="yes",
        after=None,
        sentence="SSL 3 vanished",
    )
    other = replace(change, fact="protocols.TLSv1.0")
    own = "http://localhost/changes.atom"
    feed = atom_feed([change, other], own, NOW)
    identities = re.findall(r"<id>(urn:sha256:\w+)</id>", feed)
    assert len(set(identities)) == 2
    assert identities[:1] == re.findall(r"<id>(urn:\S+)</id>", atom_feed([change], own, NOW))
    assert "protocols.SSLv3: yes → nothing" in feed
    assert 'href="http://localhost/changes?place=old.example%3A443%40192.0.2.1"' in feed
    unknown = Attribution(unknown="no trail <has> it")
    caused = atom_feed([replace(change, attribution=unknown)], own, NOW)
    assert identities[:1] == re.findall(r"<id>(urn:\S+)</id>", caused)
    assert "yes → nothing\ncause unknown: no trail &lt;has&gt; it" in caused
