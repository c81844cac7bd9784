"""Traefik: TLS options, middlewares and entry points of its YAML configuration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policy.remediation.demands import Demands
from policy.remediation.go_names import VERSIONS, go_curves, go_suites
from policy.remediation.setting import ServerKind, Setting, Topic

_OPTIONS: Final = "in the dynamic configuration, under tls.options.default"


def _settings(demands: Demands) -> Iterator[Setting]:
    yield _setting(
        Topic.VERSIONS,
        f"minVersion: {VERSIONS[demands.oldest]}",
        f"maxVersion: {VERSIONS[demands.newest]}",
    )
    if suites := [f"  - {name}" for name in go_suites(demands)]:
        yield _setting(Topic.SUITES, "cipherSuites:", *suites)
    if curves := [f"  - {name}" for name in go_curves(demands)]:
        yield _setting(Topic.GROUPS, "curvePreferences:", *curves)
    if demands.client_certificates is True:
        yield _setting(
            Topic.CLIENT_CERTIFICATES,
            "clientAuth:",
            "  clientAuthType: RequireAndVerifyClientCert",
            "  caFiles:",
            "    - /etc/traefik/client-ca.pem",
        )
    yield Setting(
        topic=Topic.REDIRECT,
        place="in the static configuration",
        lines=(
            "entryPoints:",
            "  web:",
            f'    address: ":{demands.http_port}"',
            "    http:",
            "      redirections:",
            "        entryPoint:",
            "          to: websecure",
            "          scheme: https",
        ),
    )
    if demands.hsts is not None:
        yield Setting(
            topic=Topic.HSTS,
            place="in the dynamic configuration, under http.middlewares, and named by the router",
            lines=(
                "hsts:",
                "  headers:",
                f"    stsSeconds: {demands.hsts.max_age}",
                f"    stsIncludeSubdomains: {str(demands.hsts.include_subdomains).lower()}",
                f"    stsPreload: {str(demands.hsts.preload).lower()}",
            ),
        )


def _setting(topic: Topic, *lines: str) -> Setting:
    return Setting(topic=topic, place=_OPTIONS, lines=lines)


TRAEFIK: Final = ServerKind(name="Traefik", aliases=("traefik",), write=_settings)
