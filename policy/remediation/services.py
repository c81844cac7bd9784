"""The services that guidelines are about: their protocols, their kinds of servers, and what no visit sees of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from model.application_protocol import (
    AUTO,
    DEFAULT_PROTOCOL,
    DTLS,
    IKE,
    OPENVPN,
    OPENVPN_UDP,
    PROTOCOLS,
    SSH,
    WIREGUARD,
)
from model.frozen import frozen
from policy.policy import PolicyRule
from policy.remediation.aws.cloudfront import CLOUDFRONT_DISTRIBUTION
from policy.remediation.aws.elb import AWS_ELB
from policy.remediation.catalogue import SERVERS
from policy.remediation.servers.apache import APACHE
from policy.remediation.servers.caddy import CADDY
from policy.remediation.servers.dovecot import DOVECOT
from policy.remediation.servers.envoy import ENVOY
from policy.remediation.servers.go import GO
from policy.remediation.servers.haproxy import HAPROXY
from policy.remediation.servers.iis import IIS
from policy.remediation.servers.java import JAVA
from policy.remediation.servers.mysql import MYSQL
from policy.remediation.servers.nginx import NGINX
from policy.remediation.servers.openssh import OPENSSH
from policy.remediation.servers.postfix import POSTFIX
from policy.remediation.servers.postgresql import POSTGRESQL
from policy.remediation.servers.traefik import TRAEFIK
from policy.remediation.setting import ServerKind
from policy.rule import Family


@frozen
class Service:
    """A service: targets of one of the ``protocols``, and the rules that ``concerns`` says are about it.

    ``servers`` are the kinds that can be configured. If ``is_of_rules`` is true, only policies with such a rule
    count; if ``is_optional`` is true too, there is no guideline without one. ``unproved`` says in a sentence what no visit sees of the service.
    """

    name: str
    protocols: frozenset[str]
    servers: tuple[ServerKind, ...]
    concerns: Callable[[PolicyRule], bool]
    is_of_rules: bool = False
    is_optional: bool = False
    unproved: str = ""


_OWN_ENCRYPTION: Final = frozenset({Family.SSH, Family.IKE})
_OF_STARTTLS: Final = frozenset({"starttls_offered", "starttls_enforced", "no_plaintext_login"})


def _is_about_https(rule: PolicyRule) -> bool:
    return rule.rule.family not in _OWN_ENCRYPTION and rule.rule.name not in _OF_STARTTLS


def _is_about_streams(rule: PolicyRule) -> bool:
    return rule.rule.family not in {Family.HTTPS, *_OWN_ENCRYPTION}


def _is_about_vpn(rule: PolicyRule) -> bool:
    return rule.rule.family not in {Family.HTTPS, Family.PLAINTEXT, *_OWN_ENCRYPTION}


def _is_about_clients(rule: PolicyRule) -> bool:
    return rule.rule.family is Family.CLIENT_AUTHENTICATION


def _is_about_ssh(rule: PolicyRule) -> bool:
    return rule.rule.family is Family.SSH


def _is_about_ike(rule: PolicyRule) -> bool:
    return rule.rule.family is Family.IKE


_MAIL: Final = frozenset(
    {"smtp", "submission", "lmtp", "imap", "pop3", "sieve", "smtps", "imaps", "pop3s"}
)
_DATABASES: Final = frozenset(
    {"postgres", "postgres-direct", "mysql", "mssql", "mssql-strict"}
    | {"redis", "mongodb", "cassandra", "elasticsearch", "memcached"}
)
_VPN: Final = frozenset({DTLS, OPENVPN, OPENVPN_UDP, WIREGUARD})
_EVERY_PROTOCOL: Final = frozenset({AUTO, *(one.name for one in PROTOCOLS)})

SERVICES: Final[tuple[Service, ...]] = (
    Service(
        name="HTTPS",
        protocols=frozenset({DEFAULT_PROTOCOL}),
        servers=(
            *(NGINX, APACHE, HAPROXY, ENVOY, CADDY, TRAEFIK),
            *(IIS, JAVA, GO, AWS_ELB, CLOUDFRONT_DISTRIBUTION),
        ),
        concerns=_is_about_https,
        unproved="A visit does not see the connections between a proxy and the servers that it forwards to.",
    ),
    Service(
        name="VPN",
        protocols=_VPN,
        servers=(),
        concerns=_is_about_vpn,
        unproved="A visit sees how a VPN over TLS, DTLS or OpenVPN exchanges keys, not how it encrypts what it carries. "
        "WireGuard answers no probe. IPsec has the guideline of IKE.",
    ),
    Service(
        name="Mutual TLS",
        protocols=_EVERY_PROTOCOL,
        servers=SERVERS,
        concerns=_is_about_clients,
        is_of_rules=True,
        unproved="A visit sees whether clients without a trusted certificate are refused. It does not see "
        "which certificates of clients have been revoked.",
    ),
    Service(
        name="Databases",
        protocols=_DATABASES,
        servers=(POSTGRESQL, MYSQL),
        concerns=_is_about_streams,
        unproved="A visit does not see whether clients verify the certificate of the database.",
    ),
    Service(
        name="Mail",
        protocols=_MAIL,
        servers=(POSTFIX, DOVECOT),
        concerns=_is_about_streams,
        unproved="A visit sees a mail server as a receiver. It does not see whether it encrypts what it sends.",
    ),
    Service(
        name="SSH",
        protocols=frozenset({SSH}),
        servers=(OPENSSH,),
        concerns=_is_about_ssh,
        is_of_rules=True,
        is_optional=True,
        unproved="A visit does not log in. It does not see which users and methods of authentication are allowed.",
    ),
    Service(
        name="IKE",
        protocols=frozenset({IKE}),
        servers=(),
        concerns=_is_about_ike,
        is_of_rules=True,
        is_optional=True,
        unproved="A visit does not authenticate. It does not see the algorithms of ESP, nor who may connect.",
    ),
    Service(
        name="Other protocols",
        protocols=_EVERY_PROTOCOL - {DEFAULT_PROTOCOL, SSH, IKE} - _VPN - _DATABASES - _MAIL,
        servers=(),
        concerns=_is_about_streams,
    ),
)
"""Every protocol is that of one service; mutual TLS is about the policies of any of them."""
