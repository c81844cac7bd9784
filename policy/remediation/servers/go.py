"""Programs in Go: the fields of a ``tls.Config``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policy.remediation.demands import Demands
from policy.remediation.go_names import VERSIONS, go_curves, go_suites
from policy.remediation.hsts import hsts_value
from policy.remediation.setting import ServerKind, Setting, Topic

_CONFIG: Final = "in the tls.Config of the server"


def _settings(demands: Demands) -> Iterator[Setting]:
    yield _setting(
        Topic.VERSIONS,
        f"MinVersion: tls.{VERSIONS[demands.oldest]},",
        f"MaxVersion: tls.{VERSIONS[demands.newest]},",
    )
    if suites := [f"\ttls.{name}," for name in go_suites(demands)]:
        yield _setting(Topic.SUITES, "CipherSuites: []uint16{", *suites, "},")
    if curves := ", ".join(f"tls.{name}" for name in go_curves(demands)):
        yield _setting(Topic.GROUPS, f"CurvePreferences: []tls.CurveID{{{curves}}},")
    if demands.client_certificates is True:
        yield _setting(
            Topic.CLIENT_CERTIFICATES,
            "ClientAuth: tls.RequireAndVerifyClientCert,",
            "ClientCAs:  clientAuthorities, // an *x509.CertPool",
        )
    elif demands.client_certificates is False:
        yield _setting(Topic.CLIENT_CERTIFICATES, "ClientAuth: tls.NoClientCert,")
    yield _setting(Topic.TICKETS, "SessionTicketsDisabled: true,")
    if demands.hsts is not None:
        value = hsts_value(demands.hsts)
        yield Setting(
            topic=Topic.HSTS,
            place="in the handler",
            lines=(f'w.Header().Set("Strict-Transport-Security", "{value}")',),
        )


def _setting(topic: Topic, *lines: str) -> Setting:
    return Setting(topic=topic, place=_CONFIG, lines=lines)


GO: Final = ServerKind(name="Go", aliases=("go", "golang"), write=_settings)
