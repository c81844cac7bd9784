"""All families of services: a new one needs its name in ``scope``, a row here, its reader, and its operations."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Final

from discovery.cloud.aws.api import AwsApi
from discovery.cloud.aws.certificate_services.acm import read_acm
from discovery.cloud.aws.certificate_services.iam import read_iam
from discovery.cloud.aws.certificate_services.private_ca import read_private_ca
from discovery.cloud.aws.networks.client_vpn import read_client_vpn
from discovery.cloud.aws.networks.direct_connect import read_direct_connect
from discovery.cloud.aws.networks.vpc import read_vpc
from discovery.cloud.aws.networks.vpn import read_vpn
from discovery.cloud.aws.services.api_gateway import read_api_gateway
from discovery.cloud.aws.services.brokers import read_kafka, read_mq
from discovery.cloud.aws.services.caches import read_caches
from discovery.cloud.aws.services.classic_load_balancers import read_classic_load_balancers
from discovery.cloud.aws.services.cloudfront import read_cloudfront
from discovery.cloud.aws.services.endpoints import read_appsync, read_eks, read_lambda
from discovery.cloud.aws.services.iot import read_iot
from discovery.cloud.aws.services.load_balancers import read_load_balancers
from discovery.cloud.aws.services.opensearch import read_opensearch
from discovery.cloud.aws.services.rds import read_rds
from discovery.cloud.aws.services.redshift import read_redshift
from discovery.cloud.aws.services.route53 import read_route53
from discovery.cloud.aws.services.s3 import read_s3
from discovery.cloud.aws.services.transfer import read_transfer
from discovery.found import Location

FAMILIES: Final[Mapping[str, Callable[[AwsApi], Iterator[Location]]]] = MappingProxyType(
    {
        "elbv2": read_load_balancers,
        "elb": read_classic_load_balancers,
        "cloudfront": read_cloudfront,
        "apigateway": read_api_gateway,
        "rds": read_rds,
        "redshift": read_redshift,
        "elasticache": read_caches,
        "opensearch": read_opensearch,
        "kafka": read_kafka,
        "mq": read_mq,
        "s3": read_s3,
        "eks": read_eks,
        "appsync": read_appsync,
        "lambda": read_lambda,
        "iot": read_iot,
        "transfer": read_transfer,
        "acm": read_acm,
        "iam": read_iam,
        "acm-pca": read_private_ca,
        "vpc": read_vpc,
        "vpn": read_vpn,
        "client_vpn": read_client_vpn,
        "directconnect": read_direct_connect,
        "route53": read_route53,
    }
)
GLOBAL: Final = frozenset({"cloudfront", "iam", "s3", "route53"})
"""They are the same in every region, so that each account is asked in one region only."""
