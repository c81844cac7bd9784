"""Judging by the API: profiles, files, loaded policies, and targets without a policy."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

import tlsprobe
from tests.service.samples import modern
from tlsprobe.policy import FindingStatus, Outcome, Policy, PolicySet, assess, findings, load

HOUSE = """
policies:
  house:
    for: {labels: {team: [web]}}
    rules:
      protocol_versions: {allowed: [TLSv1.3], severity: high}
      certificate_expiry: {days: 30, severity: medium}
"""
WAIVED = f"""{HOUSE}
waivers:
  old-clients:
    rule: protocol_versions
    reason: Old clients are replaced this year.
    owner: web@example.com
    expires: 2027-03-31
"""
AT = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)


def sample(**labels: str) -> tlsprobe.Observation:
    one = modern()
    endpoint = one.endpoint
    return replace(one, endpoint=replace(endpoint, target=replace(endpoint.target, labels=labels)))


@pytest.fixture
def house(tmp_path: Path) -> Path:
    path = tmp_path / "house.yml"
    path.write_text(HOUSE)
    return path


def test_profiles_are_selected_by_name() -> None:
    assert {"mozilla-modern", "mozilla-intermediate"} <= set(tlsprobe.policy.profiles())
    assessment = assess(sample(), "mozilla-modern", "mozilla-old")
    assert set(assessment.policies) == {"mozilla-modern", "mozilla-old"}


def test_a_file_a_set_and_a_policy_give_the_same_result(house: Path) -> None:
    loaded: PolicySet = load(house)
    (policy,) = loaded.policies
    assert isinstance(policy, Policy)
    one = sample(team="web")
    results = [assess(one, source).results for source in (house, str(house), loaded, policy)]
    assert results[0]
    assert all(found == results[0] for found in results)


def test_files_and_profiles_are_judged_together(house: Path) -> None:
    assessment = assess(sample(team="web"), load(house), "mozilla-old", load("mozilla-modern"))
    assert set(assessment.policies) == {"house", "mozilla-old", "mozilla-modern"}


def test_a_policy_that_matches_no_endpoint_is_refused(house: Path) -> None:
    with pytest.raises(tlsprobe.PolicyError, match=r"no policy matches .* \(house\)"):
        assess(sample(team="mail"), house)
    with pytest.raises(tlsprobe.PolicyError, match="none is loaded"):
        assess(sample())


def test_a_policy_that_does_not_apply_has_unknown_compliance(house: Path) -> None:
    assessment = assess(sample(team="mail"), house, "mozilla-modern")
    assert assessment.compliance("house") is tlsprobe.Verdict.UNKNOWN


def test_the_time_decides_what_has_expired(house: Path) -> None:
    one = sample(team="web")
    (leaf, *_) = one.own_certificates[0].chain
    assert leaf.not_after is not None
    early, late = leaf.not_after - timedelta(days=60), leaf.not_after - timedelta(days=10)
    outcomes = [
        {result.rule: result.outcome for result in assess(one, house, at=at).results}
        for at in (early, late)
    ]
    assert outcomes[0]["certificate_expiry"] is Outcome.PASS
    assert outcomes[1]["certificate_expiry"] is Outcome.FAIL


def test_the_assessment_time_defaults_to_the_end_of_the_probe(house: Path) -> None:
    one = sample(team="web")
    assert assess(one, house).assessed_at == one.ended_at


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(tlsprobe.InputError, match=r"^at: .* has no time zone"):
        assess(sample(), "mozilla-modern", at=AT.replace(tzinfo=None))


def test_findings_come_most_severe_first_and_waivers_count(tmp_path: Path) -> None:
    path = tmp_path / "waived.yml"
    path.write_text(WAIVED)
    found = findings(sample(team="web"), path, "mozilla-modern", at=AT)
    ranks = [one.result.severity.rank for one in found]
    assert ranks == sorted(ranks, reverse=True)
    statuses = {(one.result.policy, one.result.rule): one.status for one in found}
    assert statuses["house", "protocol_versions"] is FindingStatus.WAIVED
    assert statuses["mozilla-modern", "protocol_versions"] is FindingStatus.WAIVED


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (None, "cannot be read"),
        ("policies: [", "line 1"),
        ("policies:\n  house:\n    rules:\n      protocol_version:\n", "line 4.*protocol_version"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_its_line(
    text: Any, sentence: str, tmp_path: Path
) -> None:
    path = tmp_path / "bad.yml"
    if text is not None:
        path.write_text(text)
    with pytest.raises(tlsprobe.PolicyError, match=f"bad.yml.*{sentence}"):
        load(path)


def test_a_profile_that_does_not_exist_is_reported_with_the_closest_match() -> None:
    with pytest.raises(tlsprobe.PolicyError, match=r"mozilla-modrn.*did you mean mozilla-modern"):
        load("mozilla-modrn")
