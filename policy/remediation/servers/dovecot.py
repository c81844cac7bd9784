"""Dovecot 2.3: its ``ssl_`` settings. It has a setting for the oldest protocol version, not for the newest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policy.remediation import openssl_names
from policy.remediation.demands import Demands
from policy.remediation.setting import ServerKind, Setting, Topic

_PLACE: Final = "in conf.d/10-ssl.conf, then `doveadm reload`"


def _settings(demands: Demands) -> Iterator[Setting]:
    for topic, lines in _lines(demands):
        yield Setting(topic=topic, place=_PLACE, lines=lines)


def _lines(demands: Demands) -> Iterator[tuple[Topic, tuple[str, ...]]]:
    yield Topic.VERSIONS, (f"ssl_min_protocol = {openssl_names.LABELS[demands.oldest]}",)
    suites = tuple(_suites(demands))
    if suites:
        yield Topic.SUITES, suites
    yield Topic.GROUPS, openssl_names.group_lines(demands, "ssl_curve_list = {}")
    yield Topic.DH, openssl_names.dh_lines(demands, "ssl_dh = <{}", "/etc/dovecot/dh.pem")
    if demands.client_certificates is True:
        yield (
            Topic.CLIENT_CERTIFICATES,
            (
                "ssl_ca = </etc/dovecot/client-ca.pem",
                "ssl_verify_client_cert = yes",
                "auth_ssl_require_client_cert = yes",
            ),
        )
    elif demands.client_certificates is False:
        yield Topic.CLIENT_CERTIFICATES, ("ssl_verify_client_cert = no",)
    yield (
        Topic.CHAIN,
        (
            "# the leaf first, then every intermediate certificate, without the root",
            "ssl_cert = </etc/dovecot/chain.pem",
            "ssl_key = </etc/dovecot/key.pem",
        ),
    )
    yield Topic.PLAINTEXT, ("ssl = required", "disable_plaintext_auth = yes")
    yield Topic.TICKETS, ("ssl_options = no_ticket",)
    yield Topic.COMPRESSION, ("# ssl_options must not contain `compression`",)


def _suites(demands: Demands) -> Iterator[str]:
    if demands.suites:
        yield f"ssl_cipher_list = {openssl_names.cipher_list(demands)}"
    if listed := openssl_names.ciphersuites(demands):
        yield f"ssl_cipher_suites = {listed}"
    if demands.server_decides is not None:
        yield f"ssl_prefer_server_ciphers = {'yes' if demands.server_decides else 'no'}"


DOVECOT: Final = ServerKind(name="Dovecot", aliases=("dovecot",), write=_settings)
