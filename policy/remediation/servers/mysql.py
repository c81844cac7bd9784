"""MySQL 8 and MariaDB: the server's options; groups and signature schemes cannot be set."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policy.remediation import openssl_names
from policy.remediation.demands import Demands
from policy.remediation.setting import ServerKind, Setting, Topic

_MYSQLD: Final = "in my.cnf, section [mysqld]"


def _settings(demands: Demands) -> Iterator[Setting]:
    versions = ",".join(openssl_names.version_labels(demands))
    yield _setting(Topic.VERSIONS, f"tls_version = {versions}")
    suites = tuple(_suites(demands))
    if suites:
        yield _setting(Topic.SUITES, *suites)
    if demands.client_certificates is True:
        yield Setting(
            topic=Topic.CLIENT_CERTIFICATES,
            place="as SQL, for each account; ssl_ca names the authority",
            lines=("ALTER USER 'name'@'%' REQUIRE X509;",),
        )
    yield _setting(
        Topic.CHAIN,
        "# the leaf first, then every intermediate certificate, without the root",
        "ssl_cert = /etc/mysql/chain.pem",
        "ssl_key = /etc/mysql/key.pem",
    )
    yield _setting(Topic.PLAINTEXT, "require_secure_transport = ON")


def _suites(demands: Demands) -> Iterator[str]:
    if demands.suites:
        yield f"ssl_cipher = {openssl_names.cipher_list(demands)}"
    if listed := openssl_names.ciphersuites(demands):
        yield f"tls_ciphersuites = {listed}"


def _setting(topic: Topic, *lines: str) -> Setting:
    return Setting(topic=topic, place=_MYSQLD, lines=lines)


MYSQL: Final = ServerKind(name="MySQL", aliases=("mysql", "mariadb"), write=_settings)
