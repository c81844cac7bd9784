"""Postfix: the parameters of main.cf for the SMTP server (``smtpd_``), as of Postfix 3.6.

Its suites of TLS 1.3 and its signature schemes are OpenSSL's defaults. It has no parameter for them before
``tls_config_file`` (3.9), which names an OpenSSL configuration file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policy.remediation import openssl_names
from policy.remediation.demands import Demands
from policy.remediation.setting import ServerKind, Setting, Topic

_PLACE: Final = "in main.cf, then `postfix reload`"
_OPTIONS: Final = {
    "session_tickets": (Topic.TICKETS, "NO_TICKET"),
    "resumption_by_ticket": (Topic.TICKETS, "NO_TICKET"),
    "client_renegotiation": (Topic.RENEGOTIATION, "NO_RENEGOTIATION"),
    "compression": (Topic.COMPRESSION, "NO_COMPRESSION"),
}


def _settings(demands: Demands) -> Iterator[Setting]:
    for topic, lines in _lines(demands):
        yield Setting(topic=topic, place=_PLACE, lines=lines)


def _lines(demands: Demands) -> Iterator[tuple[Topic, tuple[str, ...]]]:
    oldest, newest = (openssl_names.LABELS[one] for one in (demands.oldest, demands.newest))
    versions = f">={oldest}, <={newest}"
    yield (
        Topic.VERSIONS,
        (
            f"smtpd_tls_protocols = {versions}",
            f"smtpd_tls_mandatory_protocols = {versions}",
        ),
    )
    if demands.suites:
        yield Topic.SUITES, tuple(_suites(demands))
    groups = openssl_names.group_lines(demands, "tls_eecdh_auto_curves = {}", ", ")
    if groups:
        yield Topic.GROUPS, ("smtpd_tls_eecdh_grade = auto", *groups)
    yield (
        Topic.DH,
        openssl_names.dh_lines(demands, "smtpd_tls_dh1024_param_file = {}", "/etc/postfix/dh.pem"),
    )
    yield from _client_certificate_lines(demands)
    yield (
        Topic.CHAIN,
        (
            "# the key first, then the leaf and every intermediate certificate, without the root",
            "smtpd_tls_chain_files = /etc/postfix/server.pem",
        ),
    )
    yield (
        Topic.PLAINTEXT,
        (
            "# for submission; a server that accepts mail from anyone uses `may`",
            "smtpd_tls_security_level = encrypt",
            "smtpd_tls_auth_only = yes",
        ),
    )
    options = {
        topic: option
        for feature, (topic, option) in _OPTIONS.items()
        if feature in demands.forbidden_features
    }
    for topic in options:
        yield topic, (f"tls_ssl_options = {', '.join(sorted(set(options.values())))}",)


def _client_certificate_lines(demands: Demands) -> Iterator[tuple[Topic, tuple[str, ...]]]:
    if demands.client_certificates is True:
        yield (
            Topic.CLIENT_CERTIFICATES,
            (
                "smtpd_tls_security_level = encrypt",
                "smtpd_tls_ask_ccert = yes",
                "smtpd_tls_req_ccert = yes",
                "smtpd_tls_CAfile = /etc/postfix/client-ca.pem",
            ),
        )
    elif demands.client_certificates is False:
        yield (
            Topic.CLIENT_CERTIFICATES,
            (
                "smtpd_tls_ask_ccert = no",
                "smtpd_tls_req_ccert = no",
            ),
        )


def _suites(demands: Demands) -> Iterator[str]:
    yield f"tls_high_cipherlist = {openssl_names.cipher_list(demands)}"
    yield "smtpd_tls_ciphers = high"
    yield "smtpd_tls_mandatory_ciphers = high"
    yield "smtpd_tls_exclude_ciphers ="
    yield "smtpd_tls_mandatory_exclude_ciphers ="
    if demands.server_decides is not None:
        yield f"tls_preempt_cipherlist = {'yes' if demands.server_decides else 'no'}"


POSTFIX: Final = ServerKind(name="Postfix", aliases=("postfix",), write=_settings)
