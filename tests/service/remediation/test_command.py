"""``tlsprobe remediate`` on a database with one finding, at an endpoint that AWS serves or nginx does."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Final

import pytest

from model.clock import SystemClock
from model.observation import Observation
from policy import read_policies
from service.config.load import load_settings
from service.judging.policy_evaluator import PolicyEvaluator
from tests.docs.test_commands_json import check
from tests.service.processes import tlsprobe
from tests.service.remediation.world import NEW, POLICY, store, weak

LISTENER: Final = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"
KEY: Final = "127.0.0.1:4443@127.0.0.1"


def configured(folder: Path, more: str = "") -> Path:
    """A configuration that allows no change."""
    (folder / "policy.yaml").write_text(POLICY)
    file = folder / "tlsprobe.yml"
    file.write_text(
        f"database: sqlite:///{folder / 'tlsprobe.db'}\npolicies: [{folder / 'policy.yaml'}]\n{more}"
    )
    return file


def of_nginx() -> Observation:
    """The same endpoint with a label that says what serves it, and without AWS."""
    seen = weak(LISTENER, 4444)
    target = replace(seen.endpoint.target, claims=(), labels={"server": "nginx"})
    return replace(seen, endpoint=replace(seen.endpoint, target=target))


def filled(folder: Path, *seen: Observation) -> Path:
    config = configured(folder)
    settings = load_settings(config)
    evaluator = PolicyEvaluator(read_policies(settings.policies, SystemClock().now()))
    for one in seen:
        asyncio.run(store(one, settings, evaluator))
    return config


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return filled(tmp_path_factory.mktemp("remediate"), weak(LISTENER, 4443), of_nginx())


def fingerprints(config: Path) -> dict[str, str]:
    """The beginnings of the findings, by endpoint."""
    run = tlsprobe("remediate", "--config", str(config))
    assert (run.returncode, run.stderr) == (0, "")
    *rows, last = run.stdout.splitlines()
    assert last == f"{len(rows)} open findings"
    return {row.split()[3]: row.split()[0] for row in rows}


def test_the_list_says_what_there_is_for_each_finding(config: Path) -> None:
    run = tlsprobe("remediate", "--config", str(config))
    means = {row.split()[3]: row.split()[2] for row in run.stdout.splitlines()[:-1]}
    assert means == {KEY: "apply", "127.0.0.1:4444@127.0.0.1": "plan"}


def test_a_plan_has_three_forms_what_else_changes_and_what_apply_would_do(config: Path) -> None:
    run = tlsprobe("remediate", fingerprints(config)[KEY], "--config", str(config))
    assert run.returncode == 0
    lines = run.stdout.splitlines()
    assert f"aws elbv2 modify-listener --listener-arn {LISTENER} --ssl-policy {NEW}" in lines
    assert f'ssl_policy = "{NEW}"' in lines
    assert f"SslPolicy: {NEW}" in lines
    assert "connects to targets of HTTPS" in run.stdout
    assert f"--apply sets the security policy of {LISTENER} to {NEW}." in lines
    assert f"probes {KEY}," in lines[-1]


def test_a_plan_for_a_server_has_the_lines_of_its_own_files(config: Path) -> None:
    beginning = fingerprints(config)["127.0.0.1:4444@127.0.0.1"]
    run = tlsprobe("remediate", beginning[:8].upper(), "--config", str(config))
    assert run.returncode == 0
    assert "ssl_protocols TLSv1.2 TLSv1.3;" in run.stdout
    assert "--apply cannot do this." in run.stdout


def test_the_plan_as_json_is_as_its_schema_says(config: Path) -> None:
    beginning = fingerprints(config)[KEY]
    run = tlsprobe("remediate", beginning, "--config", str(config), "--json")
    (found,) = check("remediate", run.stdout)["findings"]
    assert found["fingerprint"].startswith(beginning)
    assert found["change"] == {
        "resource": LISTENER,
        "setting": "security policy",
        "value": NEW,
        "endpoints": [KEY],
    }


def test_without_its_policy_a_finding_has_no_lines(config: Path) -> None:
    database = load_settings(config).database
    listed = tlsprobe("remediate", "--database", database)
    assert "by hand" in listed.stdout
    beginning = fingerprints(config)[KEY]
    run = tlsprobe("remediate", beginning, "--database", database)
    assert "its policy is not configured" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("{listener}", "--apply"), "--apply is not allowed: set remediation.apply"),
        (("{nginx}", "--apply"), "cannot apply this plan"),
        (("--apply",), "--apply needs a FINDING"),
        (("ab",), "'ab' is too short"),
        (("ffffffffffff",), "no open finding begins with 'ffffffffffff'"),
        (("{listener}", "--database", "sqlite:////nowhere/x.db"), "/nowhere"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    config: Path, arguments: tuple[str, ...], problem: str
) -> None:
    known = fingerprints(config)
    named = {"listener": known[KEY], "nginx": known["127.0.0.1:4444@127.0.0.1"]}
    given = [one.format(**named) for one in arguments]
    run = tlsprobe("remediate", *given, "--config", str(config))
    assert run.returncode == 2
    assert problem in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_apply_needs_a_role(tmp_path: Path) -> None:
    file = configured(tmp_path, "remediation: {apply: true}\n")
    run = tlsprobe("remediate", "--config", str(file))
    assert run.returncode == 2
    assert "remediation.apply needs role_arn" in run.stderr


def test_a_claim_of_another_scanner_names_no_resource_to_change(tmp_path: Path) -> None:
    seen = weak(LISTENER, 4443)
    (claim,) = seen.endpoint.target.claims
    target = replace(seen.endpoint.target, claims=(replace(claim, source="prowler"),))
    config = filled(tmp_path, replace(seen, endpoint=replace(seen.endpoint, target=target)))
    run = tlsprobe("remediate", "--config", str(config))
    assert "by hand" in run.stdout
    assert run.stdout.splitlines()[-1] == "1 open finding"


def test_the_role_for_reading_may_not_change_anything() -> None:
    usual, changing = tlsprobe("aws", "policy"), tlsprobe("aws", "policy", "--for", "remediate")
    assert "elasticloadbalancing:DescribeTags" in usual.stdout
    for action in ("ModifyListener", "UpdateDistribution", "apigateway:PATCH"):
        assert action not in usual.stdout
        assert action in changing.stdout
    assert "elasticloadbalancing:DescribeTags" not in changing.stdout
