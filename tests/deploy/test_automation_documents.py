"""The Automation documents of Systems Manager: moto takes them, and their scripts run against AWS on loopback."""

from __future__ import annotations

import json
import re
import runpy
from collections.abc import Callable, Mapping
from tempfile import NamedTemporaryFile
from typing import Any, Final

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError

from scripts.automation_documents import FOLDER, Document, documents
from tests.discovery.aws.account import distribution
from tests.discovery.aws.conftest import aws, started
from tests.discovery.aws.reading import ACCOUNT, REGION
from tests.service.remediation.world import NEW, OLD, make_listener
from tests.support.aws_server import AwsServer, Call, Fault, Row

__all__ = ["aws", "started"]

DOCUMENTS: Final = {one.script: one for one in documents()}
EVERY: Final = pytest.mark.parametrize("document", documents(), ids=lambda one: one.script)
VARIABLE: Final = re.compile(r"\{\{ ([\w:]+) \}\}")


@pytest.fixture
def account(aws: AwsServer, monkeypatch: pytest.MonkeyPatch) -> AwsServer:
    """AWS on loopback, for boto3 as Systems Manager has it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    return aws


def shipped(document: Document) -> Any:
    return yaml.safe_load(document.file.read_text())


def run(script: str, **given: str) -> dict[str, str]:
    """Does what Systems Manager does: puts the parameters in, and calls the handler of the script."""
    content = shipped(DOCUMENTS[script])
    (step,) = content["mainSteps"]
    known = {
        name: one["default"] for name, one in content["parameters"].items() if "default" in one
    }
    values = {**known, **given, "global:ACCOUNT_ID": ACCOUNT}
    with NamedTemporaryFile("w", suffix=".py") as file:
        file.write(step["inputs"]["Script"])
        file.flush()
        names = runpy.run_path(file.name)
    handler: Callable[[Any, None], dict[str, str]] = names[step["inputs"]["Handler"]]
    found = handler(_filled(step["inputs"]["InputPayload"], values), None)
    assert found.keys() == {one["Name"] for one in step["outputs"]}
    return found


def _filled(value: Any, values: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(one, values) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, values) for one in value]
    return VARIABLE.sub(lambda found: values[found[1]], value)


@EVERY
def test_a_document_is_written_from_its_script(document: Document) -> None:
    assert document.file.read_text() == document.text()
    assert sorted(FOLDER.glob("*.yaml")) == sorted(one.file for one in documents())


@EVERY
def test_systems_manager_takes_the_document(account: AwsServer, document: Document) -> None:
    """moto reads the content, and refuses a parameter without a type and content that is not YAML."""
    made = boto3.client("ssm").create_document(
        Name=document.file.stem,
        Content=document.file.read_text(),
        DocumentType="Automation",
        DocumentFormat="YAML",
    )["DocumentDescription"]
    assert made["SchemaVersion"] == "0.3"
    assert {one["Name"] for one in made["Parameters"]} >= {"DryRun", "AutomationAssumeRole"}


@EVERY
def test_a_document_refers_to_what_it_has_and_is_a_dry_run_by_default(document: Document) -> None:
    content = shipped(document)
    names = {*content["parameters"], "global:ACCOUNT_ID"}
    (step,) = content["mainSteps"]
    payload = json.dumps(step["inputs"]["InputPayload"])
    assert {*VARIABLE.findall(payload), *VARIABLE.findall(content["assumeRole"])} <= names
    assert content["outputs"] == [f"{step['name']}.{one['Name']}" for one in step["outputs"]]
    assert content["parameters"]["DryRun"]["default"] == "true"
    for one in content["parameters"].values():
        if "allowedPattern" in one and "default" in one:
            assert re.fullmatch(one["allowedPattern"], one["default"])


def test_a_listener_gets_the_policy_only_if_it_is_no_dry_run(account: AwsServer) -> None:
    arn = make_listener(account)
    pattern = shipped(DOCUMENTS["listener_policy"])["parameters"]["ListenerArn"]["allowedPattern"]
    assert re.fullmatch(pattern, arn)

    def policy() -> str:
        listeners = boto3.client("elbv2").describe_listeners(ListenerArns=[arn])["Listeners"]
        return str(listeners[0]["SslPolicy"])

    planned = run("listener_policy", ListenerArn=arn)
    assert (planned["Before"], planned["After"], policy()) == (OLD, NEW, OLD)
    assert planned["Done"].startswith("would be changed")
    assert run("listener_policy", ListenerArn=arn, DryRun="false")["Done"] == "changed"
    assert policy() == NEW
    again = run("listener_policy", ListenerArn=arn, DryRun="false")
    assert again == {"Before": NEW, "After": NEW, "Done": "nothing to change"}


@pytest.mark.parametrize(
    "earlier",
    [
        None,
        {
            "Version": "2012-10-17",
            "Id": "theirs",
            "Statement": {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::invoices/*",
            },
        },
    ],
    ids=["none", "one statement"],
)
def test_a_bucket_keeps_its_other_statements(account: AwsServer, earlier: Any) -> None:
    s3 = boto3.client("s3")
    name = "invoices" if earlier else "empty"
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    if earlier:
        s3.put_bucket_policy(Bucket=name, Policy=json.dumps(earlier))
    planned = run("bucket_policy", BucketName=name)
    assert planned["Done"].startswith("would be changed")
    assert run("bucket_policy", BucketName=name, DryRun="false")["Done"] == "changed"
    text = s3.get_bucket_policy(Bucket=name)["Policy"]
    found = json.loads(text)
    assert text == planned["After"]
    *others, denial = found["Statement"]
    assert others == ([earlier["Statement"]] if earlier else [])
    assert found.get("Id") == ("theirs" if earlier else None)
    assert denial["Resource"] == [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
    assert denial["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
    assert run("bucket_policy", BucketName=name, DryRun="false")["Done"] == "nothing to change"


def test_a_policy_that_cannot_be_read_is_not_replaced(account: AwsServer) -> None:
    account.answers["s3", "GetBucketPolicy"] = Fault(code="AccessDenied", status=403)
    account.answers["s3", "PutBucketPolicy"] = {}
    with pytest.raises(ClientError, match="AccessDenied"):
        run("bucket_policy", BucketName="invoices", DryRun="false")
    assert not account.called("s3", "PutBucketPolicy")


def test_a_distribution_is_changed_by_the_etag_that_was_read(account: AwsServer) -> None:
    sent: list[Call] = []
    made = distribution(CallerReference="1")
    wanted = ("CallerReference", "Aliases", "Origins", "DefaultCacheBehavior", "Comment")
    content = {name: made[name] for name in (*wanted, "Enabled", "ViewerCertificate")}
    content["ViewerCertificate"]["MinimumProtocolVersion"] = "TLSv1"

    def read(_: Call) -> Row:
        return {"ETag": "E7", "Distribution": _described(content)}

    def update(call: Call) -> Row:
        sent.append(call)
        return read(call)

    account.answers["cloudfront", "GetDistribution"] = read
    account.answers["cloudfront", "UpdateDistribution"] = update
    given = {"DistributionId": "E1"}
    planned = run("distribution_protocol", **given)
    assert (planned["Before"], planned["After"], sent) == ("TLSv1", "TLSv1.2_2021", [])
    assert run("distribution_protocol", **given, DryRun="false")["Done"] == "changed"
    assert sent[0].if_match == "E7"
    assert b"<MinimumProtocolVersion>TLSv1.2_2021</" in sent[0].body
    assert b"<DomainName>origin.example.com</DomainName>" in sent[0].body
    content["ViewerCertificate"] = {"CloudFrontDefaultCertificate": True}
    with pytest.raises(ValueError, match="certificate of your own"):
        run("distribution_protocol", **given)


def _described(content: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Id": "E1",
        "ARN": f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1",
        "Status": "Deployed",
        "LastModifiedTime": "2026-11-30T00:00:00Z",
        "InProgressInvalidationBatches": 0,
        "DomainName": "d1.cloudfront.net",
        "DistributionConfig": content,
    }
