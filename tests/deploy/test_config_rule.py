"""The rule of AWS Config, as Lambda calls it: with the API of the service on a real socket, and AWS on loopback."""

from __future__ import annotations

import asyncio
import json
import re
import runpy
import subprocess
import sys
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import boto3
import pytest

from tests.deploy.files import ROOT
from tests.discovery.aws.conftest import aws, started
from tests.service.http.api.serving import serving
from tests.service.http.api.world import Api
from tests.service.samples import NOW, modern
from tests.support.aws_server import AwsServer, Fault
from tests.support.claims import BOTH, LISTENER, claiming, versions
from tests.support.ports import free_port

__all__ = ["aws", "started"]

FOLDER: Final = ROOT / "deploy/config_rule"
RULE: Final = runpy.run_path(str(FOLDER / "handler.py"))
CHANGED, OVERSIZED, SCHEDULED = (RULE[name] for name in ("CHANGED", "OVERSIZED", "SCHEDULED"))
BUCKET: Final = "arn:aws:s3:::invoices"
TYPE: Final = "AWS::ElasticLoadBalancingV2::Listener"
RED: Final = replace(BOTH, resource=BUCKET, rules=versions("TLSv1.3"))
OTHER: Final = replace(RED, resource=f"{LISTENER}0")
"""Its ARN contains that of the listener."""


@pytest.fixture
async def service(aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Api]:
    """The service, which has visited an endpoint of a listener and of a bucket."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    aws.answers["config", "PutEvaluations"] = {"FailedEvaluations": []}
    async with serving() as (running, url):
        monkeypatch.setenv("TLSPROBE_URL", url)
        later = replace(modern(), started_at=NOW + timedelta(hours=1))
        await running.see(claiming(BOTH, RED, OTHER, seen=later))
        yield running


def event(kind: str, **invoking: Any) -> dict[str, Any]:
    """An event as Config sends it."""
    return {
        "invokingEvent": json.dumps({"messageType": kind, **invoking}),
        "ruleParameters": json.dumps({"resourceTypes": "AWS::S3::Bucket"}),
        "resultToken": "token",
        "eventLeftScope": False,
    }


def changed(arn: str, **more: Any) -> dict[str, Any]:
    item = {
        "resourceType": TYPE,
        "resourceId": arn,
        "ARN": arn,
        "configurationItemStatus": "OK",
        "configurationItemCaptureTime": "2026-07-01T12:00:00.000Z",
        **more,
    }
    return event(CHANGED, configurationItem=item)


async def run(of: dict[str, Any]) -> dict[str, int]:
    """The handler blocks, as Lambda expects."""
    counted: dict[str, int] = await asyncio.to_thread(RULE["handler"], of, None)
    return counted


def evaluations(aws: AwsServer) -> list[dict[str, Any]]:
    calls = [one.json for one in aws.calls if one.operation == "PutEvaluations"]
    assert all((one["ResultToken"], one["TestMode"]) == ("token", False) for one in calls)
    return [each for one in calls for each in one["Evaluations"]]


async def test_a_proved_listener_is_compliant(service: Api, aws: AwsServer) -> None:
    assert await run(changed(LISTENER)) == {"COMPLIANT": 1}
    (one,) = evaluations(aws)
    assert (one["ComplianceResourceType"], one["ComplianceResourceId"]) == (TYPE, LISTENER)
    assert one["Annotation"] == "proved by a visit: the listener accepts TLS 1.2 and 1.3"


async def test_a_contradicted_claim_says_what_was_seen(service: Api, aws: AwsServer) -> None:
    assert await run(changed(BUCKET)) == {"NON_COMPLIANT": 1}
    (one,) = evaluations(aws)
    assert one["Annotation"].startswith("the listener accepts TLS 1.2 and 1.3; seen: ")
    assert "TLS 1.2 accepted" in one["Annotation"]


async def test_a_resource_that_is_unknown_or_gone_does_not_apply(
    service: Api, aws: AwsServer
) -> None:
    assert await run(changed(LISTENER[:-1])) == {"NOT_APPLICABLE": 1}
    gone = changed(BUCKET, configurationItemStatus="ResourceDeleted")
    assert await run(gone) == {"NOT_APPLICABLE": 1}
    assert await run({**changed(BUCKET), "eventLeftScope": True}) == {"NOT_APPLICABLE": 1}
    assert [one["ComplianceType"] for one in evaluations(aws)] == ["NOT_APPLICABLE"] * 3


async def test_the_schedule_evaluates_what_config_has_discovered(
    service: Api, aws: AwsServer
) -> None:
    """The buckets of moto, by moto's AWS Config."""
    s3 = boto3.client("s3")
    for name in ("invoices", "unknown"):
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert await run(event(SCHEDULED)) == {"NON_COMPLIANT": 1, "NOT_APPLICABLE": 1}
    found = {one["ComplianceResourceId"]: one["ComplianceType"] for one in evaluations(aws)}
    assert found == {"invoices": "NON_COMPLIANT", "unknown": "NOT_APPLICABLE"}
    oversized = {"resourceType": "AWS::S3::Bucket", "resourceId": "invoices"}
    again = event(OVERSIZED, configurationItemSummary=oversized)
    assert await run(again) == {"NON_COMPLIANT": 1}


async def test_many_evaluations_are_put_in_hundreds(service: Api, aws: AwsServer) -> None:
    names = [f"b{number}" for number in range(250)]
    aws.answers["config", "ListDiscoveredResources"] = {
        "resourceIdentifiers": [
            {"resourceType": "AWS::S3::Bucket", "resourceId": one} for one in names
        ]
    }
    aws.answers["config", "BatchGetResourceConfig"] = lambda call: {
        "baseConfigurationItems": [
            {**one, "arn": "arn:aws:s3:::x", "configurationItemStatus": "ResourceDeleted"}
            for one in call.json["resourceKeys"]
        ]
    }
    assert await run(event(SCHEDULED)) == {"NOT_APPLICABLE": 250}
    assert aws.called("config", "BatchGetResourceConfig") == 3
    assert aws.called("config", "PutEvaluations") == 3
    assert [one["ComplianceResourceId"] for one in evaluations(aws)] == names


async def test_a_trial_is_told_to_config_as_one(service: Api, aws: AwsServer) -> None:
    """moto itself takes evaluations of a trial alone."""
    del aws.answers["config", "PutEvaluations"]
    assert await run({**changed(LISTENER), "resultToken": "TESTMODE"}) == {"COMPLIANT": 1}


async def test_without_an_answer_no_evaluation_changes(
    service: Api, aws: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TLSPROBE_URL", f"http://127.0.0.1:{free_port()}")
    with pytest.raises(OSError, match="refused"):
        await run(changed(LISTENER))
    monkeypatch.setenv("TLSPROBE_URL", aws.url)
    with pytest.raises(
        ValueError, match=r"/api/v1/claims answers with status|not that of tlsprobe"
    ):
        await run(changed(LISTENER))
    monkeypatch.setenv("TLSPROBE_URL", "http://tlsprobe.example")
    with pytest.raises(ValueError, match="must be a URL with https://"):
        await run(changed(LISTENER))
    assert evaluations(aws) == []


async def test_the_token_is_read_from_the_secret(
    service: Api, aws: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = boto3.client("secretsmanager")
    made = secrets.create_secret(Name="token", SecretString="s3cret\n")
    monkeypatch.setenv("TLSPROBE_TOKEN_SECRET", made["ARN"])
    assert await run(changed(LISTENER)) == {"COMPLIANT": 1}


async def test_a_refused_evaluation_and_an_unknown_event_are_errors(
    service: Api, aws: AwsServer
) -> None:
    aws.answers["config", "PutEvaluations"] = lambda call: {
        "FailedEvaluations": call.json["Evaluations"]
    }
    with pytest.raises(ValueError, match="Config refused 1 evaluations"):
        await run(changed(LISTENER))
    aws.answers["config", "PutEvaluations"] = Fault(code="InvalidResultTokenException")
    with pytest.raises(Exception, match="InvalidResultToken"):
        await run(changed(LISTENER))
    with pytest.raises(ValueError, match="unknown messageType 'other'"):
        await run(event("other"))


@pytest.mark.parametrize(
    ("verdicts", "kind"),
    [
        (("proved", "unprovable"), "COMPLIANT"),
        (("proved", "contradicted"), "NON_COMPLIANT"),
        (("proved", "not_reached"), "NOT_APPLICABLE"),
        (("unprovable",), "NOT_APPLICABLE"),
        ((), "NOT_APPLICABLE"),
    ],
)
def test_what_is_not_proved_is_not_compliant(verdicts: tuple[str, ...], kind: str) -> None:
    claims = [{"verdict": one, "statement": "s" * 300, "observed": "o"} for one in verdicts]
    assert RULE["verdict_of"](claims)[0] == kind


def test_the_template_is_valid_and_the_archive_has_the_handler_alone(tmp_path: Path) -> None:
    """cfn-lint comes with moto."""
    command: list[str | Path] = [
        Path(sys.executable).with_name("cfn-lint"),
        FOLDER / "template.yaml",
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
    archive = tmp_path / "config-rule.zip"
    zipped = [sys.executable, "-m", "zipfile", "-c", str(archive), "handler.py"]
    subprocess.run(zipped, check=True, cwd=FOLDER)
    assert zipfile.ZipFile(archive).namelist() == ["handler.py"]


@pytest.mark.parametrize(
    "pattern",
    [
        r"AWS::[A-Za-z0-9]+::[A-Za-z]+",
        r"(?:config|logs|secretsmanager):[A-Z]\w+",
        r"TLSPROBE_\w+",
        r"\w+Notification",
    ],
)
def test_both_forms_of_the_rule_say_the_same(pattern: str) -> None:
    template, terraform = (
        re.findall(pattern, (FOLDER / name).read_text()) for name in ("template.yaml", "main.tf")
    )
    of_stack = {"AWS::Logs::LogGroup", "AWS::IAM::Role", "AWS::Lambda::Function"} | {
        "AWS::Lambda::Permission",
        "AWS::Config::ConfigRule",
    }
    assert set(template) - of_stack == set(terraform)
