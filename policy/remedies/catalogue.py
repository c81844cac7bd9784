"""Every kind of server that remedies are known for. To add one is one file, and one line here."""

from __future__ import annotations

from typing import Final

from policy.remedies.apache import APACHE
from policy.remedies.aws_elb import AWS_ELB
from policy.remedies.caddy import CADDY
from policy.remedies.cloudfront import CLOUDFRONT_DISTRIBUTION
from policy.remedies.dovecot import DOVECOT
from policy.remedies.envoy import ENVOY
from policy.remedies.go import GO
from policy.remedies.haproxy import HAPROXY
from policy.remedies.iis import IIS
from policy.remedies.java import JAVA
from policy.remedies.mysql import MYSQL
from policy.remedies.nginx import NGINX
from policy.remedies.postfix import POSTFIX
from policy.remedies.postgresql import POSTGRESQL
from policy.remedies.setting import ServerKind
from policy.remedies.traefik import TRAEFIK

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
    AWS_ELB,
    CLOUDFRONT_DISTRIBUTION,
)
