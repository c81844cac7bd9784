"""The 60 resources of the planted differences: what each server really is, and which of AWS's claims are false of it.

What AWS declares is the same for all resources of a kind, but for what ``declares`` names (``planted_account.py``).
"""

from __future__ import annotations

from typing import Final

from model.frozen import frozen
from tests.discovery.aws.planted_sites import GCM, UNVERIFIED, VERIFIED, WELCOME, Site

_OLD_SUITES: Final = f"{GCM[0]}:ECDHE-RSA-AES128-SHA:@SECLEVEL=0"
AS_DECLARED: Final = Site()
WITH_TLS_1_1: Final = Site(oldest="TLSv1.1", suites=_OLD_SUITES)
WITHOUT_TLS_1_3: Final = Site(newest="TLSv1.2")
FEWER_SUITES: Final = Site(suites=GCM[0])
ANOTHER_SUITE: Final = Site(suites=f"{GCM[0]}:ECDHE-RSA-CHACHA20-POLY1305")
ANOTHER_CERTIFICATE: Final = Site(certificate="expired")
ECDSA: Final = Site(certificate="ecdsa", suites="ECDHE-ECDSA-AES128-GCM-SHA256")
NO_REDIRECT: Final = Site(http=WELCOME)
NO_HTTP: Final = Site(http="")
MUTUAL: Final = Site(clients=VERIFIED)
MUTUAL_UNVERIFIED: Final = Site(clients=UNVERIFIED)
OLD_AND_TLS_1_1: Final = Site(oldest="TLSv1.1", newest="TLSv1.2", suites=_OLD_SUITES)
OLD_AND_ANOTHER_CERTIFICATE: Final = Site(newest="TLSv1.2", certificate="expired")

MUTUAL_TLS: Final = "mutual TLS"
ECDSA_CERTIFICATE: Final = "the ECDSA certificate"
ALIAS: Final = "an alias"


@frozen
class Planted:
    """One resource: its ``server`` is a site, or a server of ``other_servers`` by its name."""

    kind: str
    server: Site | str
    false: str = ""
    declares: str = ""


def _of(kind: str, count: int, server: Site | str, declares: str = "") -> list[Planted]:
    """``count`` resources that are as declared."""
    return [Planted(kind=kind, server=server, declares=declares)] * count


def _false(kind: str, claim: str, server: Site | str, declares: str = "") -> list[Planted]:
    return [Planted(kind=kind, server=server, false=claim, declares=declares)]


PLANTED: Final = (
    # Application Load Balancers
    *_of("elbv2", 4, AS_DECLARED),
    *_of("elbv2", 2, FEWER_SUITES),
    *_of("elbv2", 1, NO_HTTP),
    *_of("elbv2", 1, ECDSA, ECDSA_CERTIFICATE),
    *_of("elbv2", 1, MUTUAL, MUTUAL_TLS),
    *_false("elbv2", "elb_security_policy", WITH_TLS_1_1),
    *_false("elbv2", "elb_security_policy", WITHOUT_TLS_1_3),
    *_false("elbv2", "elb_security_policy", ANOTHER_SUITE),
    *_false("elbv2", "elb_certificate", ANOTHER_CERTIFICATE),
    *_false("elbv2", "elb_https_redirect", NO_REDIRECT),
    *_false("elbv2", "elb_mutual_tls", MUTUAL_UNVERIFIED, MUTUAL_TLS),
    *_false("elbv2", "elb_mutual_tls", AS_DECLARED, MUTUAL_TLS),
    # Classic Load Balancers, whose policy has TLS 1.2 only
    *_of("elb", 4, WITHOUT_TLS_1_3),
    *_false("elb", "elb_security_policy", OLD_AND_TLS_1_1),
    *_false("elb", "elb_certificate", OLD_AND_ANOTHER_CERTIFICATE),
    # CloudFront
    *_of("cloudfront", 3, AS_DECLARED, ALIAS),
    *_of("cloudfront", 1, MUTUAL, f"{ALIAS}, {MUTUAL_TLS}"),
    *_false("cloudfront", "cloudfront_security_policy", WITH_TLS_1_1, ALIAS),
    *_false("cloudfront", "cloudfront_certificate", ANOTHER_CERTIFICATE, ALIAS),
    *_false("cloudfront", "cloudfront_https_redirect", NO_REDIRECT),
    *_false("cloudfront", "cloudfront_mutual_tls", AS_DECLARED, f"{ALIAS}, {MUTUAL_TLS}"),
    # API Gateway
    *_of("apigateway", 3, AS_DECLARED),
    *_of("apigateway", 2, WITHOUT_TLS_1_3),
    *_of("apigateway", 1, MUTUAL, MUTUAL_TLS),
    *_false("apigateway", "api_gateway_security_policy", WITH_TLS_1_1),
    *_false("apigateway", "api_gateway_mutual_tls", MUTUAL_UNVERIFIED, MUTUAL_TLS),
    # OpenSearch Service
    *_of("opensearch", 1, AS_DECLARED),
    *_of("opensearch", 1, NO_HTTP),
    *_false("opensearch", "opensearch_security_policy", WITH_TLS_1_1),
    *_false("opensearch", "opensearch_https_required", NO_REDIRECT),
    *_false("opensearch", "opensearch_certificate", ANOTHER_CERTIFICATE, ALIAS),
    # Caches
    *_of("replication_group", 2, "redis on"),
    *_false("replication_group", "cache_plaintext_refused", "redis off"),
    *_of("serverless_cache", 1, "redis on"),
    *_false("serverless_cache", "cache_plaintext_refused", "redis locked"),
    *_of("memorydb", 1, "redis on"),
    # Databases
    *_of("db_instance", 2, "postgresql required"),
    *_false("db_instance", "rds_plaintext_refused", "postgresql on"),
    *_of("db_proxy", 1, "postgresql required"),
    *_false("db_proxy", "rds_plaintext_refused", "postgresql off"),
    *_of("redshift", 1, "postgresql required"),
    *_false("redshift", "redshift_plaintext_refused", "postgresql on"),
    # Devices and files
    *_of("iot", 1, AS_DECLARED),
    *_false("iot", "iot_security_policy", WITH_TLS_1_1),
    *_of("transfer", 1, "vsftpd required"),
    *_false("transfer", "transfer_security_policy", "vsftpd required", "one suite only"),
)


def slug(at: int) -> str:
    """The name of a resource by its place: it is part of the names of all its endpoints."""
    return f"planted-{at:02}"
