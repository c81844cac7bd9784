"""The accounts of an organization: active ones are read by their role, the others are left out and named."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from discovery.source import SourceError
from tests.discovery.aws.reading import ACCOUNT, reader
from tests.support.aws_server import AwsServer, Call, Fault, Row

OTHER = "210987654321"
ROLE = "arn:aws:iam::{account}:role/tlsprobe"


@pytest.fixture
def organization(aws: AwsServer) -> AwsServer:
    """Three accounts, of which the first has the credentials; ACM has no certificates."""

    def assumed(call: Call) -> Row:
        number = call.form["RoleArn"].split(":")[4]
        return {
            "Credentials": {
                "AccessKeyId": f"key-{number}",
                "SecretAccessKey": "secret",
                "SessionToken": "token",
                "Expiration": datetime(2999, 1, 1, tzinfo=UTC),
            }
        }

    aws.answers |= {
        ("sts", "GetCallerIdentity"): {
            "Account": ACCOUNT,
            "UserId": "u",
            "Arn": f"arn:aws:iam::{ACCOUNT}:user/u",
        },
        ("sts", "AssumeRole"): assumed,
        ("organizations", "ListAccounts"): {
            "Accounts": [
                {"Id": ACCOUNT, "Name": "main", "State": "ACTIVE"},
                {"Id": OTHER, "Name": "shop", "Status": "ACTIVE"},
                {"Id": "333333333333", "Name": "old", "Status": "SUSPENDED"},
            ]
        },
        ("acm", "ListCertificates"): {"CertificateSummaryList": []},
    }
    return aws


async def test_active_accounts_are_read_and_suspended_ones_named(organization: AwsServer) -> None:
    found = await reader(organization, "acm", organization=True, role_arn=ROLE).read()
    assert organization.invalid == []
    keys = {one.key for one in organization.calls if one.operation == "ListCertificates"}
    assert keys == {"base", f"key-{OTHER}"}
    assert [str(one) for one in found.skipped] == [
        "account 333333333333: old is SUSPENDED in the organization, and is not read"
    ]


async def test_the_accounts_of_the_last_time_count_if_aws_does_not_list_them(
    organization: AwsServer,
) -> None:
    made = reader(organization, "acm", organization=True, role_arn=ROLE)
    await made.read()
    denied = Fault(code="AccessDeniedException")
    organization.answers["organizations", "ListAccounts"] = denied
    organization.calls.clear()
    found = await made.read()
    assert organization.called("acm", "ListCertificates") == 2
    (skipped,) = found.skipped
    assert "organizations:ListAccounts: not permitted" in skipped.problem
    with pytest.raises(SourceError, match="the organization's accounts cannot be read"):
        await reader(organization, "acm", organization=True, role_arn=ROLE).read()
