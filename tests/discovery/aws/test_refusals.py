"""An error of AWS is reported with what it means and what to do; only its part of the account is affected."""

from __future__ import annotations

from typing import Final

import pytest

from discovery.cloud.aws.operations import OPERATIONS
from discovery.cloud.aws.scope import SERVICES
from discovery.source import SourceError
from tests.discovery.aws.reading import ACCOUNT, REGION, read, reader
from tests.discovery.aws.test_failures import OTHER, ROLE, role
from tests.discovery.aws.test_load_balancers import balancer, listener
from tests.discovery.aws.test_whole_account import account
from tests.support.aws_server import AwsServer, Call, Fault, Row

__all__ = ["account"]
pytestmark = pytest.mark.filterwarnings("ignore:Exception.*does not match an error shape")

_SUSPENDED: Final = "the account is suspended or not active"


@pytest.fixture(autouse=True)
def _retries_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore waits between its attempts."""
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)


@pytest.mark.parametrize(
    ("service", "operation", "code", "said"),
    [
        ("elbv2", "DescribeLoadBalancers", "Throttling", "still throttles after all retries"),
        ("transfer", "ListServers", "ThrottlingException", "still throttles after all retries"),
        ("s3", "ListBuckets", "SlowDown", "still throttles after all retries"),
        ("elbv2", "DescribeLoadBalancers", "ExpiredToken", "have expired: renew them"),
        ("transfer", "ListServers", "ExpiredTokenException", "have expired: renew them"),
        ("s3", "ListBuckets", "RequestTimeTooSkewed", "check this machine's clock"),
        ("elbv2", "DescribeLoadBalancers", "SignatureDoesNotMatch", "check this machine's clock"),
        ("transfer", "ListServers", "InvalidSignatureException", "check this machine's clock"),
        ("s3", "ListBuckets", "AccountProblem", _SUSPENDED),
        ("transfer", "ListServers", "InternalServiceError", "transfer:ListServers: failed"),
    ],
)
async def test_an_error_is_reported_with_what_to_do(
    aws: AwsServer, service: str, operation: str, code: str, said: str
) -> None:
    aws.answers[service, operation] = Fault(code=code, message="because of the test")
    found = await read(aws, service)
    (skipped,) = found.skipped
    assert skipped.place == f"account {ACCOUNT}, {REGION}"
    assert said in skipped.problem
    assert skipped.problem.endswith(f"({code}: because of the test)")


async def test_a_wrong_clock_fails_the_source_with_what_to_do(aws: AwsServer) -> None:
    aws.answers["sts", "GetCallerIdentity"] = Fault(code="SignatureDoesNotMatch", status=403)
    with pytest.raises(SourceError, match="check this machine's clock"):
        await read(aws, "elbv2")


async def test_a_suspended_account_keeps_its_last_targets_and_leaves_the_others(
    aws: AwsServer,
) -> None:
    keys = {ACCOUNT: "ASIAFIRST00000000000", OTHER: "ASIASECOND0000000000"}

    def assumed(call: Call) -> Row:
        return role(keys[call.form["RoleArn"].split(":")[4]], seconds=3600)

    def balancers(call: Call) -> Row:
        if is_suspended and call.key == keys[OTHER]:
            return Fault(code="OptInRequired", status=403)
        return {"LoadBalancers": [balancer(DNSName=f"{call.key}.example")]}

    def regions(call: Call) -> Row:
        if is_suspended and call.key == keys[OTHER]:
            return Fault(code="Blocked", status=403)
        return {"Regions": [{"RegionName": REGION}]}

    aws.answers |= {
        ("sts", "AssumeRole"): assumed,
        ("ec2", "DescribeRegions"): regions,
        ("elbv2", "DescribeLoadBalancers"): balancers,
        ("elbv2", "DescribeTags"): {"TagDescriptions": []},
        ("elbv2", "DescribeSSLPolicies"): {"SslPolicies": []},
        ("elbv2", "DescribeListeners"): {"Listeners": [listener()]},
    }
    is_suspended = False
    source = reader(aws, "elbv2", accounts=(ACCOUNT, OTHER), role_arn=ROLE, regions=("all",))
    before = await source.read()
    assert (len(before.targets), before.skipped) == (2, ())
    is_suspended = True
    after = await source.read()
    assert after.targets == before.targets
    assert {one.place.split(",")[0] for one in after.skipped} == {f"account {OTHER}"}
    assert _SUSPENDED in " ".join(one.problem for one in after.skipped)


async def test_what_is_deleted_during_the_reading_is_no_failure(account: AwsServer) -> None:
    """Every operation on one resource answers as AWS does once the resource is gone."""
    gone = [one for one in OPERATIONS.values() if one.gone]
    for one in gone:
        account.answers[one.service, one.name] = Fault(code=one.gone[0], status=404)
    others = {"apigateway", "appsync", "elasticache"}
    assert (await read(account, *(set(SERVICES) - others))).skipped == ()
    called = {(one.service, one.operation) for one in account.calls}
    # These are called for a listener and a server, which are gone already.
    assert {(one.service, one.name) for one in gone} - called == {
        ("iam", "GetServerCertificate"),
        ("transfer", "DescribeSecurityPolicy"),
    }
