"""PostgreSQL: postgresql.conf, and pg_hba.conf for clients that must use TLS and a certificate.

Before version 18 it has one curve (``ssl_ecdh_curve``) and no setting for the suites of TLS 1.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policy.remediation import openssl_names
from policy.remediation.demands import Demands
from policy.remediation.setting import ServerKind, Setting, Topic

_CURVES: Final = ("prime256v1", "secp", "brainpool")
"""The values of ``ssl_ecdh_curve``: curves for which OpenSSL can make an EC_KEY."""

_CONF: Final = "in postgresql.conf, then `SELECT pg_reload_conf()`"
_HBA: Final = "in pg_hba.conf, instead of lines that begin with host or hostnossl"


def _settings(demands: Demands) -> Iterator[Setting]:
    for topic, lines in _lines(demands):
        is_about_clients = topic in {Topic.PLAINTEXT, Topic.CLIENT_CERTIFICATES}
        yield Setting(topic=topic, place=_HBA if is_about_clients else _CONF, lines=lines)


def _lines(demands: Demands) -> Iterator[tuple[Topic, tuple[str, ...]]]:
    yield (
        Topic.VERSIONS,
        (
            f"ssl_min_protocol_version = '{openssl_names.LABELS[demands.oldest]}'",
            f"ssl_max_protocol_version = '{openssl_names.LABELS[demands.newest]}'",
        ),
    )
    suites = tuple(_suites(demands))
    if suites:
        yield Topic.SUITES, suites
    groups = openssl_names.group_list(demands)
    curve = next((name for name in groups.split(":") if name.startswith(_CURVES)), None)
    if curve is not None:
        more = f"# from version 18 on: ssl_groups = '{groups}'"
        yield Topic.GROUPS, (f"ssl_ecdh_curve = '{curve}'", more)
    yield Topic.DH, openssl_names.dh_lines(demands, "ssl_dh_params_file = '{}'", "dh.pem")
    if demands.client_certificates is True:
        yield (
            Topic.CLIENT_CERTIFICATES,
            (
                "# with ssl_ca_file = 'client-ca.pem' in postgresql.conf",
                "hostssl all all all scram-sha-256 clientcert=verify-full",
            ),
        )
    yield (
        Topic.CHAIN,
        (
            "# the leaf first, then every intermediate certificate, without the root",
            "ssl_cert_file = 'chain.pem'",
            "ssl_key_file = 'key.pem'",
        ),
    )
    yield Topic.PLAINTEXT, ("hostssl all all all scram-sha-256",)


def _suites(demands: Demands) -> Iterator[str]:
    if demands.suites:
        yield f"ssl_ciphers = '{openssl_names.cipher_list(demands)}'"
    if listed := openssl_names.ciphersuites(demands):
        yield f"# from version 18 on: ssl_tls13_ciphers = '{listed}'"
    if demands.server_decides is not None:
        yield f"ssl_prefer_server_ciphers = {'on' if demands.server_decides else 'off'}"


POSTGRESQL: Final = ServerKind(
    name="PostgreSQL", aliases=("postgresql", "postgres"), write=_settings
)
