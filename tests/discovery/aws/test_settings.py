"""The source ``aws`` in the configuration, from its settings to its targets after relabelling."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from discovery.merge import sift
from discovery.trust import LabelRules
from pki.net_guard.gate import SocketGate
from service.config.clouds.aws import AwsSettings
from service.config.sources import SourceContext
from tests.discovery.aws.reading import ACCOUNT, REGION
from tests.discovery.aws.test_load_balancers import REDIRECT, balancer, listener
from tests.support.aws_server import AwsServer

ROLE = "arn:aws:iam::{account}:role/tlsprobe"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"accounts": ["12345"], "role_arn": ROLE}, "use its 12 digits"),
        ({"accounts": [ACCOUNT]}, "other accounts need role_arn"),
        ({"organization": True}, "other accounts need role_arn"),
        ({"organization": True, "accounts": [ACCOUNT], "role_arn": ROLE}, "remove accounts"),
        ({"organization": True, "role_arn": ROLE.format(account=ACCOUNT)}, "{account}"),
        ({"accounts": [ACCOUNT], "role_arn": "tlsprobe"}, "accounts need role_arn"),
        ({"role_arn": ROLE}, "role_arn needs accounts"),
        (
            {"accounts": [ACCOUNT, "210987654321"], "role_arn": ROLE.format(account=ACCOUNT)},
            "{account}",
        ),
        ({"services": ["elb3"]}, "unknown AWS service 'elb3': use elbv2, elb, "),
    ],
)
def test_a_wrong_setting_is_refused_with_what_to_do(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        AwsSettings.model_validate({"type": "aws", **settings})
    assert said in str(caught.value)


async def test_a_configured_source_keeps_claims_and_steering_labels(aws: AwsServer) -> None:
    aws.answers |= {
        ("elbv2", "DescribeLoadBalancers"): {"LoadBalancers": [balancer()]},
        ("elbv2", "DescribeTags"): {"TagDescriptions": []},
        ("elbv2", "DescribeSSLPolicies"): {"SslPolicies": []},
        ("elbv2", "DescribeListeners"): {
            "Listeners": [listener(), listener(80, "HTTP", DefaultActions=[REDIRECT])]
        },
    }
    settings = AwsSettings.model_validate(
        {"type": "aws", "regions": [REGION], "services": ["elbv2"], "endpoint_url": aws.url}
    )
    context = SourceContext(gate=SocketGate(), statuses=tuple)
    found = await settings.reader("aws", context)()
    labels = LabelRules(trusted=settings.trusted_labels)
    (target,) = (await sift(found.targets, settings.rules(), SocketGate(), labels=labels)).kept
    assert target.labels == {"http": "yes", "http_port": "80"}
    assert [claim.name for claim in target.claims] == ["elb_https_redirect"]
