"""Certificates of ACM and IAM, and private CAs: claims of their own, which join the targets that serve a certificate."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from discovery.attach import attached
from discovery.source import SourceReading
from model.claims import ClaimKind, ClaimVerdict
from model.target import Target
from policy.assess import held_claims
from tests.discovery.aws.network_answers import AUTHORITY, UNUSED, listed, renewal
from tests.discovery.aws.reading import read
from tests.discovery.aws.test_load_balancers import CERTIFICATE, balancer, listener
from tests.policy.observed import AT, endpoint
from tests.support.aws_server import AwsServer

NOW = datetime.now(UTC)
IN_USE: dict[str, Any] = {"InUse": True, "RenewalEligibility": "ELIGIBLE"}


def names(found: SourceReading) -> list[str]:
    return [one.claim.name for one in found.resource_claims]


async def certificates(aws: AwsServer, *some: dict[str, Any]) -> SourceReading:
    aws.answers["acm", "ListCertificates"] = {"CertificateSummaryList": list(some)}
    return await read(aws, "acm")


async def test_a_certificate_that_nothing_uses_says_so(aws: AwsServer) -> None:
    found = await certificates(aws, listed(CertificateUsage="CLIENT_AUTH_ONLY"))
    (one,) = found.resource_claims
    assert (one.resource, one.claim.name) == (UNUSED, "acm_certificate")
    assert one.claim.statement == (
        "ACM has a certificate of www.example.com for CLIENT_AUTH_ONLY with a key EC_prime256v1, "
        "which ends at 2999-01-31"
    )
    assert one.held.verdict is ClaimVerdict.UNPROVABLE
    assert one.held.observed.startswith("nothing in AWS uses the certificate")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (IN_USE, ["acm_renewal"]),
        ({"InUse": True, "RenewalEligibility": "INELIGIBLE"}, []),
        ({**IN_USE, "ExportOption": "ENABLED"}, ["acm_renewal", "acm_export"]),
        ({"Status": "EXPIRED"}, []),
    ],
)
async def test_claims_follow_from_use_renewal_and_export(
    aws: AwsServer, changes: dict[str, Any], expected: list[str]
) -> None:
    assert names(await certificates(aws, listed(**changes))) == expected


async def test_acm_is_asked_about_a_renewal_only_once_it_may_have_begun(aws: AwsServer) -> None:
    aws.answers["acm", "DescribeCertificate"] = {
        "Certificate": {
            "RenewalSummary": renewal("FAILED", RenewalStatusReason="CAA_ERROR"),
        }
    }
    far, near = NOW + timedelta(days=80), NOW + timedelta(days=40)
    assert names(await certificates(aws, listed(**IN_USE, NotAfter=far))) == ["acm_renewal"]
    assert not aws.called("acm", "DescribeCertificate")
    found = await certificates(aws, listed(**IN_USE, NotAfter=near))
    _, fails = found.resource_claims
    assert (fails.claim.name, fails.claim.kind) == ("acm_renewal_fails", ClaimKind.REPORTED)
    assert "(FAILED, CAA_ERROR)" in fails.claim.statement


async def test_all_key_types_are_asked_for(aws: AwsServer) -> None:
    """Without a filter, AWS lists certificates with short RSA keys only."""
    await certificates(aws)
    (call,) = [one for one in aws.calls if one.operation == "ListCertificates"]
    assert {"RSA_2048", "RSA_4096", "EC_secp521r1"} <= {*call.json["Includes"]["keyTypes"]}


async def served(aws: AwsServer, pem: str) -> Target:
    """The only target, which serves a certificate that ACM renews, with all claims about it."""
    aws.answers |= {
        ("elbv2", "DescribeLoadBalancers"): {"LoadBalancers": [balancer()]},
        ("elbv2", "DescribeTags"): {"TagDescriptions": []},
        ("elbv2", "DescribeSSLPolicies"): {"SslPolicies": []},
        ("elbv2", "DescribeListeners"): {
            "Listeners": [listener(443, Certificates=[{"CertificateArn": CERTIFICATE}])]
        },
        ("acm", "GetCertificate"): {"Certificate": pem},
        ("acm", "ListCertificates"): {"CertificateSummaryList": [listed(CERTIFICATE, **IN_USE)]},
    }
    found = await read(aws, "elbv2", "acm")
    joined = await attached(found.targets, found.resource_claims)
    assert joined.resource_claims == ()
    (target,) = joined.targets
    return target


@pytest.mark.parametrize(
    ("days", "verdict"), [(40, ClaimVerdict.PROVED), (20, ClaimVerdict.CONTRADICTED)]
)
async def test_a_renewal_that_is_due_is_contradicted_where_the_certificate_is_served(
    aws: AwsServer, pem: str, days: int, verdict: ClaimVerdict
) -> None:
    target = await served(aws, pem)
    seen = endpoint()
    (chain,) = seen.certificates
    leaf = replace(chain.leaf, not_after=AT + timedelta(days=days))
    chain = replace(chain, chain=(leaf, *chain.chain[1:]))
    seen = replace(
        seen,
        certificates=(chain,),
        endpoint=replace(seen.endpoint, target=target),
    )
    held = {one.claim.name: one for one in held_claims(seen, AT)}
    assert held["acm_renewal"].verdict is verdict
    # The certificate of the visit is another one than ACM's: renewed, and not served.
    assert held["elb_certificate"].verdict is ClaimVerdict.CONTRADICTED


async def test_a_certificate_of_iam_has_an_owner_who_replaces_it(aws: AwsServer) -> None:
    metadata = {
        "Path": "/",
        "ServerCertificateName": "old",
        "ServerCertificateId": "ASCA11111111111111111",
        "Arn": "arn:aws:iam::123456789012:server-certificate/old",
        "Expiration": datetime(2999, 1, 31, tzinfo=UTC),
    }
    aws.answers["iam", "ListServerCertificates"] = {"ServerCertificateMetadataList": [metadata]}
    (one,) = (await read(aws, "iam")).resource_claims
    assert one.claim.name == "iam_renewal"
    assert [rule.rule for rule in one.claim.rules] == ["certificate_expiry"]
    assert (await attached((), [one])).unmatched == ()


async def test_a_private_ca_says_how_it_signs_and_revokes(aws: AwsServer) -> None:
    authority = {
        "Arn": AUTHORITY,
        "Status": "ACTIVE",
        "CertificateAuthorityConfiguration": {
            "KeyAlgorithm": "ML_DSA_65",
            "SigningAlgorithm": "ML_DSA_65",
            "Subject": {"CommonName": "Example Root"},
        },
        "RevocationConfiguration": {"OcspConfiguration": {"Enabled": True}},
    }
    aws.answers["acm-pca", "ListCertificateAuthorities"] = {
        "CertificateAuthorities": [authority, {**authority, "Status": "DISABLED"}]
    }
    (one,) = (await read(aws, "acm-pca")).resource_claims
    assert one.claim.statement == (
        "the private CA Example Root signs with a key ML_DSA_65 (ML_DSA_65), with OCSP"
    )
