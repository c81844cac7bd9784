"""An endpoint whose claims were read from AWS gets remediations that name its resource, in three forms."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from typing import Final

import pytest

from model.claims import Claim
from model.observation import Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Fact, Verdict
from policy import profile
from policy.remediation import (
    SERVERS,
    ServerKind,
    demands_of,
    fix_of,
    obstacle_of,
    remedy,
    server_kind,
)
from tests.policy.observed import policy
from tests.service.samples import modern
from tests.support.results import failed

LISTENER: Final = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:listener/app/web/50dc6c495c0c9188/f2f7dc8efc522ab2"
BALANCER: Final = (
    "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/app/web/50dc6c495c0c9188"
)
NEWEST: Final = policy("newest", {"protocol_versions": {"allowed": ["TLSv1.3"]}})


def of(*arns: str, source: str = "AWS DescribeListeners") -> Observation:
    claims = tuple(
        Claim(name="c", statement="s", source=source, resource=arn, unprovable="-") for arn in arns
    )
    seen = modern()
    target = replace(seen.endpoint.target, claims=claims)
    return replace(seen, endpoint=replace(seen.endpoint, target=target))


@pytest.mark.parametrize(
    ("arn", "kind"),
    [
        (LISTENER, "AWS load balancer"),
        ("arn:aws:cloudfront::123456789012:distribution/E1", "CloudFront"),
        (
            "arn:aws-cn:apigateway:cn-north-1:123456789012:/domainnames/api.example.com",
            "API Gateway",
        ),
        ("arn:aws:rds:eu-west-1:123456789012:db:orders", "Amazon RDS"),
        ("arn:aws:rds:eu-west-1:123456789012:cluster:ledger", "Amazon RDS"),
        ("arn:aws:s3:::invoices", "S3 bucket"),
        (
            "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/old",
            "Classic Load Balancer",
        ),
        ("arn:aws:rds:eu-west-1:123456789012:db-proxy:prx-1", None),
        ("arn:aws:s3", None),
        ("/etc/nginx/nginx.conf, line 3", None),
    ],
)
def test_the_resource_of_a_claim_names_the_kind_of_server(arn: str, kind: str | None) -> None:
    found = server_kind(of(arn))
    assert (found.name if found else None) == kind


def test_only_one_resource_that_was_read_from_aws_counts() -> None:
    assert server_kind(of(LISTENER, source="prowler")) is None
    assert server_kind(of(LISTENER, LISTENER[:-1])) is None
    assert server_kind(of(LISTENER, LISTENER)) is not None


def test_a_label_is_stronger_than_a_claim_and_a_claim_than_a_banner() -> None:
    seen = replace(of(LISTENER), http={"server": Fact(verdict=Verdict.YES, value="nginx")})
    found = server_kind(seen)
    assert found is not None
    assert found.name == "AWS load balancer"
    target = replace(seen.endpoint.target, labels={"server": "nginx"})
    found = server_kind(replace(seen, endpoint=replace(seen.endpoint, target=target)))
    assert found is not None
    assert found.name == "nginx"


def test_the_commands_name_the_resource() -> None:
    found = remedy(of(LISTENER), failed("protocol_versions", policy="newest"), [NEWEST])
    assert found is not None
    assert f"--listener-arn {LISTENER} --ssl-policy" in found.lines[0]
    redirect = policy("web", {"https_redirect": {}})
    found = remedy(of(LISTENER), failed("https_redirect", policy="web"), [redirect])
    assert found is not None
    assert f"--load-balancer-arn {BALANCER} " in found.lines[0]


def test_a_resource_is_one_word_of_the_command() -> None:
    fix = fix_of(of(LISTENER), failed("protocol_versions", policy="newest"), [NEWEST])
    assert fix is not None
    hostile = replace(fix.demands, resource=f"{LISTENER}; touch /tmp/x")
    (line, *_) = next(fix.kind.write(hostile)).lines
    assert f"'{LISTENER}; touch /tmp/x'" in line


CLASSIC: Final = "arn:aws:elasticloadbalancing:eu-west-1:123456789012:loadbalancer/old"


def test_a_classic_load_balancer_gets_no_plan_for_tls_1_3() -> None:
    seen = of(CLASSIC)
    old = replace(
        seen, protocols={**seen.protocols, ProtocolVersion.TLSV1_3: Fact(verdict=Verdict.NO)}
    )
    asked = policy("newest", {"protocol_versions_required": {"versions": ["TLSv1.3"]}})
    result = failed("protocol_versions_required", policy="newest")
    assert remedy(old, result, [asked]) is None
    assert obstacle_of(old, result, [asked]) == (
        "a Classic Load Balancer speaks nothing newer than TLS 1.2: "
        "use an Application or Network Load Balancer"
    )
    listener = replace(old, endpoint=of(LISTENER).endpoint)
    assert remedy(listener, result, [asked]) is not None
    assert obstacle_of(listener, result, [asked]) is None


@pytest.mark.parametrize("kind", [one for one in SERVERS if one.arns], ids=lambda one: one.name)
def test_every_setting_has_three_forms_and_commands_that_a_shell_reads(kind: ServerKind) -> None:
    demands = demands_of([profile("mozilla-intermediate")])
    assert demands is not None
    for setting in kind.write(demands):
        text = "\n".join(setting.lines)
        assert "Terraform" in text
        assert "CloudFormation" in text
        commands = [line for line in setting.lines if line.startswith(("aws ", "jq ", "LISTENER="))]
        assert commands
        subprocess.run(["bash", "-n", "-c", "\n".join(commands)], check=True)


def test_the_statement_for_a_bucket_is_json_with_the_bucket_and_its_objects() -> None:
    found = remedy(
        of("arn:aws:s3:::invoices"),
        failed("no_plaintext", policy="p"),
        [policy("p", {"no_plaintext": {}})],
    )
    assert found is not None
    statement = json.loads(next(line for line in found.lines if line.startswith("{")))
    assert statement["Resource"] == ["arn:aws:s3:::invoices", "arn:aws:s3:::invoices/*"]
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}
