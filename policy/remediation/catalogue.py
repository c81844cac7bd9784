"""Every kind of server with remediations. Adding one takes one new file and one line here."""

from __future__ import annotations

from typing import Final

from policy.remediation.aws.api_gateway import API_GATEWAY
from policy.remediation.aws.classic_elb import AWS_CLASSIC_ELB
from policy.remediation.aws.cloudfront import CLOUDFRONT_DISTRIBUTION
from policy.remediation.aws.databases import AWS_DATABASE
from policy.remediation.aws.elb import AWS_ELB
from policy.remediation.aws.s3 import S3_BUCKET
from policy.remediation.servers.apache import APACHE
from policy.remediation.servers.caddy import CADDY
from policy.remediation.servers.dovecot import DOVECOT
from policy.remediation.servers.envoy import ENVOY
from policy.remediation.servers.go import GO
from policy.remediation.servers.haproxy import HAPROXY
from policy.remediation.servers.iis import IIS
from policy.remediation.servers.ipsec import LIBRESWAN, STRONGSWAN
from policy.remediation.servers.java import JAVA
from policy.remediation.servers.mysql import MYSQL
from policy.remediation.servers.nginx import NGINX
from policy.remediation.servers.openssh import OPENSSH
from policy.remediation.servers.postfix import POSTFIX
from policy.remediation.servers.postgresql import POSTGRESQL
from policy.remediation.servers.traefik import TRAEFIK
from policy.remediation.setting import ServerKind

SERVERS: Final[tuple[ServerKind, ...]] = (
    NGINX,
    APACHE,
    HAPROXY,
    ENVOY,
    CADDY,
    TRAEFIK,
    POSTFIX,
    DOVECOT,
    POSTGRESQL,
    MYSQL,
    JAVA,
    GO,
    IIS,
    OPENSSH,
    STRONGSWAN,
    LIBRESWAN,
    AWS_ELB,
    AWS_CLASSIC_ELB,
    CLOUDFRONT_DISTRIBUTION,
    API_GATEWAY,
    AWS_DATABASE,
    S3_BUCKET,
)
