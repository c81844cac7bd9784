"""CloudFront, by CLI and Terraform: a distribution has a named policy for its viewers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policy.remediation.aws.choice import CLOUDFRONT, best_named_policy
from policy.remediation.demands import Demands, HstsDemand
from policy.remediation.setting import ServerKind, Setting, Topic

_PLACE: Final = "by the AWS CLI, or in Terraform"
_FETCH: Final = 'aws cloudfront get-distribution-config --id "$DISTRIBUTION" > distribution.json'
_PUT: Final = (
    'aws cloudfront update-distribution --id "$DISTRIBUTION" '
    '--if-match "$(jq -r .ETag distribution.json)" --distribution-config file://changed.json'
)


def _settings(demands: Demands) -> Iterator[Setting]:
    named, topics = best_named_policy(demands, CLOUDFRONT)
    if named is not None:
        version = named.name.removeprefix("CloudFront-")
        lines = (
            *_changed(f'.ViewerCertificate.MinimumProtocolVersion = "{version}"'),
            '# Terraform, in viewer_certificate of resource "aws_cloudfront_distribution":',
            f'minimum_protocol_version = "{version}"',
            'ssl_support_method       = "sni-only"',
        )
        for topic in topics:
            yield Setting(topic=topic, place=_PLACE, lines=lines)
    yield Setting(
        topic=Topic.REDIRECT,
        place=_PLACE,
        lines=(
            *_changed('.DefaultCacheBehavior.ViewerProtocolPolicy = "redirect-to-https"'),
            '# Terraform, in every cache behaviour of resource "aws_cloudfront_distribution":',
            'viewer_protocol_policy = "redirect-to-https"',
        ),
    )
    if demands.hsts is not None:
        yield Setting(topic=Topic.HSTS, place=_PLACE, lines=tuple(_hsts(demands.hsts)))


def _changed(change: str) -> Iterator[str]:
    yield _FETCH
    yield f"jq '.DistributionConfig | {change}' distribution.json > changed.json"
    yield _PUT


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


CLOUDFRONT_DISTRIBUTION: Final = ServerKind(
    name="CloudFront",
    aliases=("cloudfront", "aws-cloudfront"),
    write=_settings,
    banners=("cloudfront",),
)
