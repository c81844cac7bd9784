"""What AWS does not answer costs only its part, and is reported with the account, the region and the action."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from botocore.session import Session

from discovery.cloud.aws.limits import Limits, TokenBucket
from discovery.cloud.aws.reader import AwsReader
from discovery.cloud.aws.scope import AwsScope
from discovery.cloud.aws.sessions import AwsSession, Passage
from discovery.source import SourceError
from pki.net_guard.deny import DenyList
from pki.net_guard.egress import EgressPolicy, EgressRules
from pki.net_guard.gate import SocketGate
from tests.discovery.aws.reading import ACCOUNT, REGION, read, reader
from tests.discovery.aws.test_load_balancers import BALANCER, balancer, listener
from tests.support.aws_server import AwsServer, Call, Fault, Page, Row

pytestmark = pytest.mark.filterwarnings("ignore:Exception.*does not match an error shape")
"""moto's serializer warns of codes that are common to all of AWS."""

OTHER: Final = "210987654321"
ROLE: Final = "arn:aws:iam::{account}:role/tlsprobe"


@pytest.fixture
def elb(aws: AwsServer) -> AwsServer:
    """One balancer with one listener."""
    aws.answers |= {
        ("elbv2", "DescribeLoadBalancers"): {"LoadBalancers": [balancer()]},
        ("elbv2", "DescribeTags"): {"TagDescriptions": []},
        ("elbv2", "DescribeSSLPolicies"): {"SslPolicies": []},
        ("elbv2", "DescribeListeners"): {"Listeners": [listener()]},
    }
    return aws


async def test_a_throttled_call_is_repeated(elb: AwsServer) -> None:
    elb.answers["elbv2", "DescribeListeners"] = [
        Fault(code="Throttling"),
        {"Listeners": [listener()]},
    ]
    found = await read(elb, "elbv2")
    assert (len(found.targets), found.skipped) == (1, ())


async def test_a_missing_permission_names_the_action_and_the_rest_is_read(
    elb: AwsServer,
) -> None:
    two = [balancer(), balancer(LoadBalancerArn=BALANCER[:-1] + "9", DNSName="b.example")]
    elb.answers["elbv2", "DescribeLoadBalancers"] = {"LoadBalancers": two}
    elb.answers["elbv2", "DescribeTags"] = Fault(code="AccessDenied", status=403)
    elb.answers["elbv2", "DescribeSSLPolicies"] = Fault(code="AccessDenied", status=403)
    found = await read(elb, "elbv2")
    assert len(found.targets) == 2
    tags, policies = found.skipped
    assert tags.place == policies.place == f"account {ACCOUNT}, {REGION}"
    assert tags.problem.startswith("elasticloadbalancing:DescribeTags: not permitted")
    assert policies.problem.startswith("elasticloadbalancing:DescribeSSLPolicies: not permitted")


async def test_an_action_that_is_not_permitted_is_called_once(elb: AwsServer) -> None:
    two = [balancer(), balancer(LoadBalancerArn=BALANCER[:-1] + "9", DNSName="b.example")]
    elb.answers["elbv2", "DescribeLoadBalancers"] = {"LoadBalancers": two}
    elb.answers["elbv2", "DescribeListeners"] = Fault(code="AccessDenied", status=403)
    found = await read(elb, "elbv2")
    assert (len(found.skipped), elb.called("elbv2", "DescribeListeners")) == (1, 1)


async def test_a_balancer_that_is_deleted_meanwhile_is_no_failure(elb: AwsServer) -> None:
    elb.answers["elbv2", "DescribeListeners"] = Fault(code="LoadBalancerNotFound")
    found = await read(elb, "elbv2")
    assert (found.targets, found.skipped) == ((), ())


async def test_a_page_that_vanishes_leaves_the_pages_before_it(elb: AwsServer) -> None:
    elb.answers["elbv2", "DescribeLoadBalancers"] = [
        {"LoadBalancers": [balancer()], "NextMarker": "2"},
        Fault(code="ValidationError", message="the marker has expired"),
    ]
    found = await read(elb, "elbv2")
    assert len(found.targets) == 1
    (skipped,) = found.skipped
    assert "DescribeLoadBalancers" in skipped.problem
    assert "the marker has expired" in skipped.problem


@pytest.mark.parametrize("status", [200, 403, 502])
@pytest.mark.parametrize(
    ("service", "operation"),
    [("elbv2", "DescribeLoadBalancers"), ("kafka", "ListClustersV2"), ("transfer", "ListServers")],
)
async def test_the_page_of_a_proxy_is_not_an_answer_of_aws(
    elb: AwsServer, service: str, operation: str, status: int
) -> None:
    page = Page(body=b"\n<!DOCTYPE html><html><body>Please log in</body></html>", status=status)
    elb.answers[service, operation] = page
    found = await read(elb, service)
    assert elb.called(service, operation) == (5 if status == 502 else 1)
    assert found.targets == ()
    (skipped,) = found.skipped
    assert skipped.problem.endswith("the answer does not come from AWS: check the proxy on the way")


async def test_an_odd_answer_fails_only_its_service(elb: AwsServer) -> None:
    elb.answers["elbv2", "DescribeLoadBalancers"] = {"LoadBalancers": [{"DNSName": "x.example"}]}
    elb.answers["kafka", "ListClustersV2"] = {"ClusterInfoList": []}
    (skipped,) = (await read(elb, "elbv2", "kafka")).skipped
    assert "AWS's answer is not as expected (KeyError: 'LoadBalancerArn')" in skipped.problem


async def test_a_region_that_is_not_enabled_leaves_the_others(elb: AwsServer) -> None:
    def by_region(call: Call) -> Row:
        if call.region == REGION:
            return {"LoadBalancers": [balancer()]}
        return Fault(code="InvalidClientTokenId", status=403)

    elb.answers["elbv2", "DescribeLoadBalancers"] = by_region
    found = await read(elb, "elbv2", regions=(REGION, "me-south-1"))
    assert len(found.targets) == 1
    assert ["me-south-1" in str(one) for one in found.skipped] == [True]
    assert "the region is enabled" in found.skipped[0].problem


async def test_the_last_complete_reading_of_a_part_stays_until_it_is_too_old(
    elb: AwsServer,
) -> None:
    now = 0.0
    scope = AwsScope(services=("elbv2",), regions=(REGION,), endpoint_url=elb.url)
    source = AwsReader(scope, SocketGate(), "aws", max_stale_seconds=60, clock=lambda: now)
    complete = await source.read()
    elb.answers["elbv2", "DescribeListeners"] = Fault(code="AccessDenied", status=403)
    now = 60.0
    during = await source.read()
    assert (during.targets, len(during.skipped)) == (complete.targets, 1)
    now = 61.0
    assert (await source.read()).targets == ()


async def test_two_readings_yield_equal_targets(elb: AwsServer) -> None:
    source = reader(elb, "elbv2")
    first, second = await source.read(), await source.read()
    assert first.targets == second.targets != ()


def role(key: str, *, seconds: int) -> dict[str, Any]:
    return {
        "Credentials": {
            "AccessKeyId": key,
            "SecretAccessKey": "secret",
            "SessionToken": "token",
            "Expiration": datetime.now(UTC) + timedelta(seconds=seconds),
        }
    }


async def test_each_account_is_read_by_its_role(elb: AwsServer) -> None:
    elb.answers["sts", "AssumeRole"] = role("ASIAROLE000000000000", seconds=3600)
    found = await read(elb, "elbv2", accounts=(ACCOUNT, OTHER), role_arn=ROLE)
    assert elb.called("sts", "AssumeRole") == 2
    assert {one.key for one in elb.calls if one.service == "elbv2"} == {"ASIAROLE000000000000"}
    assert found.skipped == ()


async def test_an_account_whose_role_is_refused_leaves_the_others(elb: AwsServer) -> None:
    answers: list[Row] = [
        role("ASIAROLE000000000000", seconds=3600),
        Fault(code="AccessDenied", status=403),
    ]
    elb.answers["sts", "AssumeRole"] = answers
    found = await read(elb, "elbv2", accounts=(ACCOUNT, OTHER), role_arn=ROLE)
    assert len(found.targets) == 1
    (skipped,) = found.skipped
    assert skipped.place in {f"account {ACCOUNT}", f"account {OTHER}"}
    assert skipped.problem.startswith("sts:AssumeRole: ")


async def test_credentials_that_expire_are_renewed(elb: AwsServer) -> None:
    elb.answers["sts", "AssumeRole"] = [
        role("ASIAFIRST00000000000", seconds=60),
        role("ASIASECOND0000000000", seconds=3600),
    ]
    await read(elb, "elbv2", accounts=(ACCOUNT,), role_arn=ROLE)
    used = [one.key for one in elb.calls if one.service == "elbv2"]
    assert used[-1] == "ASIASECOND0000000000"


async def test_without_credentials_the_source_fails(
    aws: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    with pytest.raises(SourceError, match="no AWS credentials"):
        await read(aws, "elbv2")


async def test_a_profile_that_is_missing_fails_the_source(aws: AwsServer) -> None:
    with pytest.raises(SourceError, match="credentials cannot be read"):
        await read(aws, "elbv2", profile="nowhere")


async def test_the_egress_policy_holds_for_aws_too(elb: AwsServer) -> None:
    gate = SocketGate(egress=EgressPolicy(everywhere=EgressRules(deny=DenyList(["127.0.0.0/8"]))))
    scope = AwsScope(services=("elbv2",), regions=(REGION,), endpoint_url=elb.url)
    with pytest.raises(SourceError, match=r"egress\.deny"):
        await AwsReader(scope, gate, "aws").read()
    assert elb.calls == []


async def test_a_stopped_source_sends_no_further_request(elb: AwsServer) -> None:
    entered = asyncio.Event()
    loop = asyncio.get_running_loop()

    def first(_: Call) -> Row:
        loop.call_soon_threadsafe(entered.set)
        return {"LoadBalancers": [balancer()]}

    elb.answers["elbv2", "DescribeLoadBalancers"] = first
    source = reader(elb, "elbv2")
    reading = asyncio.create_task(source.read())
    await entered.wait()
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    with pytest.raises(SourceError, match="the source was stopped"):
        await source.read()


async def test_each_attempt_waits_for_its_account_service_and_region(elb: AwsServer) -> None:
    class Noting(Limits):
        def wait(self, account: str, service: str, region: str) -> bool:
            waited.append((account, service, region))
            return super().wait(account, service, region)

    waited: list[tuple[str, str, str]] = []
    elb.answers["elbv2", "DescribeLoadBalancers"] = [
        Fault(code="Throttling"),
        {"LoadBalancers": []},
    ]
    passage = Passage(limits=Noting(), gate=SocketGate(), endpoint_url=elb.url)
    session = AwsSession(Session(), ACCOUNT, passage)
    for region in (REGION, "eu-central-1"):
        await asyncio.to_thread(session.client("elbv2", region).describe_load_balancers)
    assert waited == [(ACCOUNT, "elbv2", one) for one in (REGION, REGION, "eu-central-1")]
    assert elb.called("elbv2", "DescribeLoadBalancers") == 3


async def test_a_refused_operation_of_api_gateway_leaves_the_others(elb: AwsServer) -> None:
    elb.answers |= {
        ("apigateway", "GetDomainNames"): Fault(code="ForbiddenException", status=403),
        ("apigateway", "GetRestApis"): {"items": [{"id": "a1b2c3"}]},
        ("apigatewayv2", "GetDomainNames"): {"Items": []},
        ("apigatewayv2", "GetApis"): {"Items": []},
    }
    found = await read(elb, "apigateway")
    assert len(found.targets) == 1
    assert found.skipped[0].problem.startswith("apigateway:GET (GetDomainNames): not permitted")


def test_a_bucket_lets_a_burst_pass_and_then_its_rate() -> None:
    now = 0.0
    bucket = TokenBucket(rate=2, burst=3, clock=lambda: now)
    assert [bucket.take() for _ in range(5)] == [0, 0, 0, 0.5, 1.0]
    now = 10.0
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 0.5]


def test_nothing_of_botocore_is_imported_until_the_source_is_read(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys, service.config.discovery, discovery.cloud.aws.operations\n"
        "sys.exit(any(name.partition('.')[0] in ('boto3', 'botocore') for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
