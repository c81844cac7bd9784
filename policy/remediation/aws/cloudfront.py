"""CloudFront, by CLI, Terraform and CloudFormation: a distribution has a named policy for its viewers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policy.remediation.aws.choice import CLOUDFRONT, best_named_policy
from policy.remediation.aws.resources import in_command, last_name
from policy.remediation.demands import Demands, HstsDemand
from policy.remediation.setting import ServerKind, Setting, Topic

_PLACE: Final = "by the AWS CLI, or in Terraform or CloudFormation"
_CLOUDFORMATION: Final = "# CloudFormation, in DistributionConfig of AWS::CloudFront::Distribution:"
_ALSO_ALIASES: Final = (
    "# It applies to all aliases of the distribution, and needs a certificate of your own:",
    "# with that of CloudFront, the policy is TLSv1.",
)
_ALSO_POSTS: Final = (
    "# CloudFront answers GET with 301 and other methods with 307. Other cache behaviours stay as they are:",
    "# change each that allows HTTP.",
)


def _settings(demands: Demands) -> Iterator[Setting]:
    named, topics = best_named_policy(demands, CLOUDFRONT)
    if named is not None:
        version = minimum_protocol(named.name)
        lines = (
            *_changed(demands, f'.ViewerCertificate.MinimumProtocolVersion = "{version}"'),
            '# Terraform, in viewer_certificate of resource "aws_cloudfront_distribution":',
            f'minimum_protocol_version = "{version}"',
            'ssl_support_method       = "sni-only"',
            _CLOUDFORMATION,
            "ViewerCertificate:",
            f"  MinimumProtocolVersion: {version}",
            "  SslSupportMethod: sni-only",
            *_ALSO_ALIASES,
        )
        for topic in topics:
            yield Setting(topic=topic, place=_PLACE, lines=lines)
    yield Setting(
        topic=Topic.REDIRECT,
        place=_PLACE,
        lines=(
            *_changed(demands, '.DefaultCacheBehavior.ViewerProtocolPolicy = "redirect-to-https"'),
            '# Terraform, in default_cache_behavior of resource "aws_cloudfront_distribution":',
            'viewer_protocol_policy = "redirect-to-https"',
            _CLOUDFORMATION,
            "DefaultCacheBehavior:",
            "  ViewerProtocolPolicy: redirect-to-https",
            *_ALSO_POSTS,
        ),
    )
    if demands.hsts is not None:
        yield Setting(topic=Topic.HSTS, place=_PLACE, lines=tuple(_hsts(demands.hsts)))


def minimum_protocol(policy: str) -> str:
    """What a distribution's MinimumProtocolVersion is called in a policy of this name."""
    return policy.removeprefix("CloudFront-")


def _changed(demands: Demands, change: str) -> Iterator[str]:
    distribution = in_command(last_name(demands.resource), "DISTRIBUTION")
    yield f"aws cloudfront get-distribution-config --id {distribution} > distribution.json"
    yield f"jq '.DistributionConfig | {change}' distribution.json > changed.json"
    yield (
        f"aws cloudfront update-distribution --id {distribution} "
        '--if-match "$(jq -r .ETag distribution.json)" --distribution-config file://changed.json'
    )


def _hsts(demand: HstsDemand) -> Iterator[str]:
    subdomains, preload = (
        str(flag).lower() for flag in (demand.include_subdomains, demand.preload)
    )
    yield (
        "aws cloudfront create-response-headers-policy --response-headers-policy-config "
        '\'{"Name": "hsts", "SecurityHeadersConfig": {"StrictTransportSecurity": '
        f'{{"Override": true, "AccessControlMaxAgeSec": {demand.max_age}, '
        f'"IncludeSubdomains": {subdomains}, "Preload": {preload}}}}}}}\''
    )
    yield "# and name its id in the cache behaviours' ResponseHeadersPolicyId"
    yield '# Terraform, in security_headers_config of resource "aws_cloudfront_response_headers_policy":'
    yield "strict_transport_security {"
    yield f"  access_control_max_age_sec = {demand.max_age}"
    yield f"  include_subdomains         = {subdomains}"
    yield f"  preload                    = {preload}"
    yield "  override                   = true"
    yield "}"
    yield "# CloudFormation, in SecurityHeadersConfig of AWS::CloudFront::ResponseHeadersPolicy:"
    yield "StrictTransportSecurity:"
    yield f"  AccessControlMaxAgeSec: {demand.max_age}"
    yield f"  IncludeSubdomains: {subdomains}"
    yield f"  Preload: {preload}"
    yield "  Override: true"


CLOUDFRONT_DISTRIBUTION: Final = ServerKind(
    name="CloudFront",
    aliases=("cloudfront", "aws-cloudfront"),
    write=_settings,
    banners=("cloudfront",),
    arns=("cloudfront:distribution/",),
)
