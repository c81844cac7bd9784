"""``tlsprobe policy`` as its users run it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
import yaml

from policy.files.schema import policy_schema
from service.demo import DemoFleet
from tests.service.processes import CommandRun, tlsprobe
from tests.service.test_scan import place

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
HOUSE = """\
policies:
  house:
    rules:
      protocol_versions: {allowed: [TLSv1.2, TLSv1.3]}
      hsts: {max_age: 86400}
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    path = tmp_path / "house.yml"
    path.write_text(HOUSE)
    return path


def test_profiles_and_rules_are_listed() -> None:
    run = tlsprobe("policy", "list")
    assert run.returncode == 0
    assert "  mozilla-intermediate " in run.stdout
    assert "Rules on cipher suites:\n  TP-CIPHER-001 " in run.stdout
    said = json.loads(tlsprobe("policy", "list", "--json").stdout)
    assert {"name": "cnsa-2.0", "title": "CNSA 2.0"} in said["profiles"]


def test_a_policy_is_shown_with_its_requirements_and_their_source(house: Path) -> None:
    run = tlsprobe("policy", "show", house)
    assert run.returncode == 0
    assert "required: only TLS 1.2, TLS 1.3" in run.stdout
    assert "source: the policy house" in run.stdout
    said = json.loads(tlsprobe("policy", "show", "rfc9325", "--json").stdout)
    uncertain = [one for one in said["policies"][0]["rules"] if "(uncertain:" in one["source"]]
    assert uncertain


def test_a_good_file_is_reported_as_good_and_a_bad_one_with_its_line(house: Path) -> None:
    good = tlsprobe("policy", "check", house)
    assert (good.returncode, good.stdout) == (
        0,
        "valid: 1 policy (house) and 0 waivers\n",
    )
    house.write_text(HOUSE.replace("TLSv1.3]", "TLSv1.4]"))
    bad = tlsprobe("policy", "check", house)
    assert (bad.returncode, bad.stdout) == (2, "")
    assert f"{house}, line 4: protocol_versions.allowed.1 is wrong" in bad.stderr


def test_an_expired_waiver_is_reported_with_exit_code_1(house: Path) -> None:
    waiver = "{rule: hsts, reason: r, owner: o, expires: 2020-01-31}"
    house.write_text(f"{HOUSE}waivers: {{old: {waiver}}}\n")
    run = tlsprobe("policy", "check", house)
    assert run.returncode == 1
    assert "line 6: the waiver 'old' expired on 2020-01-31" in run.stdout


def test_a_waiver_that_matches_no_target_is_reported_with_its_line(
    house: Path, tmp_path: Path
) -> None:
    targets = tmp_path / "targets.yml"
    targets.write_text('- target: "127.0.0.1:24435?server_name=localhost"\n')
    next_year = datetime.now(UTC).year + 1
    rest = f"rule: hsts, reason: r, owner: o, expires: {next_year}-01-31"
    house.write_text(
        f"{HOUSE}waivers:\n  good: {{target: localhost, {rest}}}\n  bad: {{target: locahost, {rest}}}\n"
    )
    run = tlsprobe("policy", "check", house, "--targets", targets)
    assert run.returncode == 1
    assert run.stdout.count("matches no finding") == 1
    assert f"{house}, line 8: the waiver 'bad' matches no finding" in run.stdout
    assert "did you mean localhost?" in run.stdout
    with targets.open("a") as file:
        file.write("- mail-domain:example.com\n")
    # The servers of the domain are not looked up, and the waiver may be for one of them.
    unknown = tlsprobe("policy", "check", house, "--targets", targets)
    assert (unknown.returncode, "matches no finding" in unknown.stdout) == (0, False)


def test_a_rule_is_explained_with_its_parameters_and_users() -> None:
    run = tlsprobe("policy", "explain", "dh_prime_size")
    assert run.returncode == 0
    assert "minimum_bits (required)" in run.stdout
    assert "bsi-tr-02102-2: dh_prime_size, high: primes of 3000 bits or more" in run.stdout


def test_the_rules_on_claims_are_explained_and_listed() -> None:
    run = tlsprobe("policy", "explain", "TP-CLAIM-001")
    assert run.returncode == 0
    assert "What the configuration of a target declares" in run.stdout
    assert "TP-CLAIM-002" in tlsprobe("policy", "list").stdout
    asked = tlsprobe("explain", "127.0.0.1:1", "tp-claim-001")
    assert asked.returncode == 2
    assert "`tlsprobe claims`" in asked.stderr


def test_a_difference_shows_where_sources_disagree() -> None:
    run = tlsprobe("policy", "diff", "nist-sp800-52r2", "mozilla-intermediate")
    assert run.returncode == 0
    assert "suites that nist-sp800-52r2 alone allows at TLSv1.2: DHE AES-CBC (8)" in run.stdout
    assert "ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256" in run.stdout
    assert "groups that mozilla-intermediate alone allows: X25519MLKEM768, x25519" in run.stdout


def test_a_policy_does_not_differ_from_itself(house: Path) -> None:
    run = tlsprobe("policy", "diff", house, f"{house}#house")
    assert run.stdout == "house and house require the same\n"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["show", "mozila-modern"], "did you mean mozilla-modern?"),
        (["show", "/nowhere.yml"], "/nowhere.yml"),
        (["explain", "hst"], "did you mean hsts?"),
        (["check", "/nowhere.yml"], "/nowhere.yml"),
        (["test", "/nowhere.yml"], "/nowhere.yml"),
        (["diff", "rfc9325", "rfc932"], "did you mean rfc9325?"),
        (["evaluate", "rfc9325", "exa mple"], "exa mple"),
    ],
)
def test_bad_input_is_reported_in_one_sentence(arguments: list[str], named: str) -> None:
    run = tlsprobe("policy", *arguments)
    assert (run.returncode, run.stdout) == (2, "")
    assert named in run.stderr
    assert run.stderr.count("\n") == 1


async def test_every_rule_is_evaluated_on_a_host(fleet: DemoFleet, house: Path) -> None:
    run = await asyncio.to_thread(
        tlsprobe, "policy", "evaluate", house, place(fleet, "legacy"), "--allow-unknown"
    )
    assert run.returncode == 3
    assert "  house: not compliant" in run.stdout
    assert "FAIL       high      protocol_versions (TP-TLS-001)" in run.stdout
    assert "pass       high      reachable (TP-REACH-001)" in run.stdout


async def test_a_server_name_and_a_trust_store_are_used_for_the_trial(
    fleet: DemoFleet, tmp_path: Path
) -> None:
    (store, file), *_ = fleet.trust_stores.items()
    trust = tmp_path / "trust.yml"
    rules = f"{{certificate_trusted: {{any_of: [{store}]}}, certificate_names: }}"
    trust.write_text(f"policies: {{trust: {{rules: {rules}}}}}")
    trial = (
        "policy",
        "evaluate",
        trust,
        place(fleet, "modern"),
        "--trust-store",
        f"{store}={file}",
    )
    named = await asyncio.to_thread(tlsprobe, *trial, "--server-name", "modern.demo.test")
    assert named.returncode == 0, named.stdout + named.stderr
    other = await asyncio.to_thread(tlsprobe, *trial, "--server-name", "other.demo.test")
    assert other.returncode == 3
    assert "FAIL       high      certificate_names" in other.stdout


async def test_a_host_is_matched_with_the_policies_of_aws(fleet: DemoFleet) -> None:
    run = await asyncio.to_thread(tlsprobe, "policy", "match", place(fleet, "legacy"))
    assert run.returncode == 0
    assert "policies with published suites" in run.stdout


async def test_policies_are_tested_with_recorded_facts(
    fleet: DemoFleet, house: Path, tmp_path: Path
) -> None:
    scan = await asyncio.to_thread(tlsprobe, "scan", place(fleet, "legacy"), "--json")
    expected = {"house": {"fail": ["protocol_versions"], "unknown": []}}
    outcome = await asyncio.to_thread(run_verify, tmp_path, scan.stdout, expected)
    assert (outcome.returncode, outcome.stdout) == (0, "ok      legacy\n")
    unexpected = {"house": {"fail": ["reachable"]}}
    outcome = await asyncio.to_thread(run_verify, tmp_path, scan.stdout, unexpected)
    assert outcome.returncode == 1
    assert "FAILED  legacy" in outcome.stdout
    assert (
        "house: protocol_versions (TP-TLS-001) is fail: TLS 1.0 and TLS 1.1 are offered"
        in outcome.stdout
    )
    assert "house: reachable is not fail" in outcome.stdout


def run_verify(folder: Path, facts: str, expected: Mapping[str, object]) -> CommandRun:
    (folder / "legacy.jsonl").write_text(facts)
    test = {"name": "legacy", "observation": "legacy.jsonl", "expect": expected}
    tests = folder / "tests.yml"
    tests.write_text(json.dumps({"policies": ["house.yml"], "tests": [test]}))
    return tlsprobe("policy", "test", tests)


def test_the_published_schema_is_the_one_that_the_models_make() -> None:
    published = (ROOT / "docs" / "reference" / "policy.schema.json").read_text(encoding="utf-8")
    assert json.loads(published) == policy_schema()
    assert json.loads(tlsprobe("policy", "schema").stdout) == policy_schema()


def test_the_schema_accepts_every_profile_and_no_unknown_key() -> None:
    validator = jsonschema.Draft202012Validator(policy_schema())
    for path in sorted((ROOT / "policy" / "profiles").glob("*.yaml")):
        body = json.loads(json.dumps(yaml.safe_load(path.read_text()), default=str))
        assert not list(validator.iter_errors({"policies": {"some": body}})), path
    wrong = {"policies": {"some": {"rules": {"hsts": {"max_ag": 3}}}}}
    assert list(validator.iter_errors(wrong))
    under_another_name = {"policies": {"some": {"rules": {"own": {"use": "hsts", "max_ag": 3}}}}}
    assert list(validator.iter_errors(under_another_name))
