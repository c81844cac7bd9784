"""Elastic Load Balancing: listeners, with the meaning of their policies as AWS's own answers give it."""

from __future__ import annotations

import hashlib
import ssl
from typing import Any, Final

import pytest
import trustme

from tests.discovery.aws.reading import ACCOUNT, REGION, claimed, read, rules
from tests.support.aws_server import AwsServer

BALANCER: Final = (
    f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/app/web/50dc6c495c0c9188"
)
LISTENER: Final = BALANCER.replace(":loadbalancer/", ":listener/") + "/f2f7dc8efc522ab2"
CERTIFICATE: Final = (
    f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/12345678-1234-1234-1234-123456789012"
)
POLICY: Final = "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09"


def balancer(**changes: Any) -> dict[str, Any]:
    return {
        "LoadBalancerArn": BALANCER,
        "LoadBalancerName": "web",
        "DNSName": "web-1.eu-west-1.elb.amazonaws.com",
        "Scheme": "internet-facing",
        "Type": "application",
        "VpcId": "vpc-1",
        **changes,
    }


def listener(port: int = 443, protocol: str = "HTTPS", **changes: Any) -> dict[str, Any]:
    return {
        "ListenerArn": f"{LISTENER[:-1]}{port % 10}",
        "LoadBalancerArn": BALANCER,
        "Port": port,
        "Protocol": protocol,
        **changes,
    }


REDIRECT: Final = {
    "Type": "redirect",
    "RedirectConfig": {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"},
}


@pytest.fixture
def elb(aws: AwsServer) -> AwsServer:
    aws.answers |= {
        ("elbv2", "DescribeLoadBalancers"): {"LoadBalancers": [balancer()]},
        ("elbv2", "DescribeTags"): {
            "TagDescriptions": [
                {"ResourceArn": BALANCER, "Tags": [{"Key": "Team", "Value": "payments"}]}
            ]
        },
        ("elbv2", "DescribeSSLPolicies"): {
            "SslPolicies": [
                {
                    "Name": POLICY,
                    "SslProtocols": ["TLSv1.2", "TLSv1.3"],
                    "Ciphers": [
                        {"Name": "TLS_AES_128_GCM_SHA256", "Priority": 1},
                        {"Name": "ECDHE-ECDSA-AES128-GCM-SHA256", "Priority": 2},
                        {"Name": "ECDHE-RSA-AES256-GCM-SHA384", "Priority": 3},
                    ],
                }
            ]
        },
    }
    return aws


def listeners(aws: AwsServer, *found: dict[str, Any]) -> None:
    aws.answers["elbv2", "DescribeListeners"] = {"Listeners": list(found)}


async def test_a_security_policy_is_a_claim_of_versions_suites_and_groups(elb: AwsServer) -> None:
    listeners(elb, listener(SslPolicy=POLICY))
    (target,) = (await read(elb, "elbv2")).targets
    assert target.key == "web-1.eu-west-1.elb.amazonaws.com:443"
    assert rules(target, "elb_security_policy") == {
        "protocol_versions": {"allowed": ["TLSv1.2", "TLSv1.3"]},
        "protocol_versions_required": {"versions": ["TLSv1.2", "TLSv1.3"]},
        "cipher_suites": {
            "allowed": [
                "TLS_AES_128_GCM_SHA256",
                "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            ]
        },
        "groups_required": {
            "any_of": ["X25519MLKEM768", "SecP256r1MLKEM768", "SecP384r1MLKEM1024"]
        },
    }
    (claim,) = target.claims
    assert claim.statement == f"listener 443 of web uses {POLICY}"
    assert claim.source == "AWS DescribeListeners"
    assert claim.resource.startswith(LISTENER[:-1])


async def test_labels_for_rules_name_account_region_arn_and_tags(elb: AwsServer) -> None:
    listeners(elb, listener())
    (target,) = (await read(elb, "elbv2")).targets
    assert {
        "__meta_aws_account": ACCOUNT,
        "__meta_aws_region": REGION,
        "__meta_aws_load_balancer_arn": BALANCER,
        "__meta_aws_name": "web",
        "__meta_aws_scheme": "internet-facing",
        "__meta_aws_tag_Team": "payments",
    }.items() <= target.labels.items()


async def test_a_policy_that_aws_does_not_describe_stays_unprovable(elb: AwsServer) -> None:
    listeners(elb, listener(SslPolicy="ELBSecurityPolicy-2099-01"))
    (target,) = (await read(elb, "elbv2")).targets
    (claim,) = target.claims
    assert (claim.rules, "ELBSecurityPolicy-2099-01" in claim.unprovable) == ((), True)


async def test_a_policy_with_an_unknown_suite_claims_no_suites(elb: AwsServer) -> None:
    policy = {
        "Name": POLICY,
        "SslProtocols": ["TLSv1.3"],
        "Ciphers": [{"Name": "TLS_NEW_2099", "Priority": 1}],
    }
    elb.answers["elbv2", "DescribeSSLPolicies"] = {"SslPolicies": [policy]}
    listeners(elb, listener(SslPolicy=POLICY))
    (target,) = (await read(elb, "elbv2")).targets
    assert "cipher_suites" not in rules(target, "elb_security_policy")


async def test_an_http_listener_that_redirects_is_a_claim_about_the_https_listener(
    elb: AwsServer,
) -> None:
    """The policy of an HTTP listener means nothing, whatever the answer says."""
    http = listener(8080, "HTTP", SslPolicy="ELBSecurityPolicy-2016-08", DefaultActions=[REDIRECT])
    listeners(elb, listener(), http)
    (target,) = (await read(elb, "elbv2")).targets
    assert rules(target, "elb_https_redirect") == {"https_redirect": {}}
    assert target.labels["http_port"] == "8080"
    assert claimed(target) == {"elb_https_redirect"}


async def test_an_http_listener_that_forwards_is_no_claim(elb: AwsServer) -> None:
    listeners(elb, listener(), listener(80, "HTTP", DefaultActions=[{"Type": "forward"}]))
    (target,) = (await read(elb, "elbv2")).targets
    assert (claimed(target), "http_port" in target.labels) == (set(), False)


@pytest.mark.parametrize(
    ("mode", "is_claimed"), [("verify", True), ("passthrough", False), ("off", False)]
)
async def test_only_mutual_tls_that_verifies_is_a_claim(
    elb: AwsServer, mode: str, is_claimed: bool
) -> None:
    listeners(elb, listener(MutualAuthentication={"Mode": mode, "TrustStoreArn": "arn:store"}))
    (target,) = (await read(elb, "elbv2")).targets
    assert ("elb_mutual_tls" in claimed(target)) is is_claimed
    if is_claimed:
        assert set(rules(target, "elb_mutual_tls")) == {
            "client_certificate_required",
            "client_certificate_verified",
        }


async def test_the_certificate_of_a_listener_is_compared_by_its_hash(elb: AwsServer) -> None:
    pem = trustme.CA().issue_cert("web.example").cert_chain_pems[0].bytes().decode()
    elb.answers["acm", "GetCertificate"] = {"Certificate": pem}
    listeners(
        elb,
        listener(443, Certificates=[{"CertificateArn": CERTIFICATE}]),
        listener(8443, Certificates=[{"CertificateArn": CERTIFICATE}]),
    )
    for target in (await read(elb, "elbv2")).targets:
        assert rules(target, "elb_certificate") == {
            "declared_state": {
                "leaf_sha256": [hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest()]
            }
        }
    assert elb.called("acm", "GetCertificate") == 1


CLASSIC: Final = {
    "LoadBalancerName": "old",
    "DNSName": "old-1.eu-west-1.elb.amazonaws.com",
    "ListenerDescriptions": [
        {
            "Listener": {"Protocol": "SSL", "LoadBalancerPort": 993, "InstancePort": 143},
            "PolicyNames": ["tls"],
        },
        {"Listener": {"Protocol": "TCP", "LoadBalancerPort": 25, "InstancePort": 25}},
    ],
}


async def test_a_classic_policy_is_read_attribute_by_attribute(aws: AwsServer) -> None:
    attributes = {
        "Reference-Security-Policy": "ELBSecurityPolicy-TLS-1-1-2017-01",
        "Protocol-TLSv1": "false",
        "Protocol-TLSv1.1": "true",
        "Protocol-TLSv1.2": "true",
        "Server-Defined-Cipher-Order": "true",
        "AES128-SHA": "true",
        "DES-CBC3-SHA": "false",
        "EDH-RSA-DES-CBC3-SHA": "true",
    }
    policy = {
        "PolicyName": "tls",
        "PolicyTypeName": "SSLNegotiationPolicyType",
        "PolicyAttributeDescriptions": [
            {"AttributeName": name, "AttributeValue": value} for name, value in attributes.items()
        ],
    }
    aws.answers |= {
        ("elb", "DescribeLoadBalancers"): {"LoadBalancerDescriptions": [CLASSIC]},
        ("elb", "DescribeLoadBalancerPolicies"): {"PolicyDescriptions": [policy]},
    }
    (target,) = (await read(aws, "elb")).targets
    assert target.key == "old-1.eu-west-1.elb.amazonaws.com:993"
    assert rules(target, "elb_security_policy") == {
        "protocol_versions": {"allowed": ["TLSv1.1", "TLSv1.2"]},
        "protocol_versions_required": {"versions": ["TLSv1.1", "TLSv1.2"]},
        "cipher_suites": {
            "allowed": ["TLS_DHE_RSA_WITH_3DES_EDE_CBC_SHA", "TLS_RSA_WITH_AES_128_CBC_SHA"]
        },
    }
    assert "ELBSecurityPolicy-TLS-1-1-2017-01" in target.claims[0].statement
