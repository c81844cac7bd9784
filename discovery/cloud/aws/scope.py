"""What is read of AWS, as the configuration says. It needs no package of AWS's."""

from __future__ import annotations

from typing import Final

from discovery.bounds import USUAL_MOST_TARGETS
from model.frozen import frozen

USUAL_SERVICES: Final = (
    "elbv2",
    "elb",
    "cloudfront",
    "apigateway",
    "rds",
    "redshift",
    "elasticache",
    "opensearch",
    "kafka",
    "mq",
    "s3",
    "eks",
    "appsync",
    "lambda",
    "iot",
    "transfer",
    "acm",
    "iam",
    "acm-pca",
    "vpc",
    "vpn",
    "client_vpn",
    "directconnect",
)
SERVICES: Final = (*USUAL_SERVICES, "route53")
"""All families of services, in the order in which they are read; ``route53`` only on request, for its many names."""

EVERY_REGION: Final = "all"
ACCOUNT: Final = "{account}"
"""Where the account's number is in the ARN of a role."""


@frozen
class AwsScope:
    """The ``regions`` (none: the profile's; ``all``: those that the account has enabled) and ``services``.

    With ``accounts``, each is read by its role, ``role_arn`` with the account's number; with ``organization``, those
    of the credentials' organization, and the one of the credentials without a role. Without either, that one.
    More than ``most`` targets are an error. ``s3_probe_role_arn`` is the role that sends signed requests to S3.
    """

    services: tuple[str, ...] = USUAL_SERVICES
    regions: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    organization: bool = False
    role_arn: str = ""
    external_id: str | None = None
    profile: str | None = None
    endpoint_url: str | None = None
    most: int = USUAL_MOST_TARGETS
    s3_probe_role_arn: str = ""
