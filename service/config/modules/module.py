"""One module of ``/probe``: tlsprobe's own keys, and those of the other exporters' modules for TCP and HTTP."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, model_validator

from exporters.prometheus import Detail
from exporters.prometheus.probe_page import Names
from model.intrusiveness import Intrusiveness
from model.observation import ClientAuthMode
from model.protocol_version import ProtocolVersion
from probe.checks.check_groups import parse_parts
from service.config.modules.exporter_keys import Duration, HttpKeys, Section, TcpKeys, TlsConfig
from service.config.modules.without_counterpart import exporter_of, refusal, without_empty

_OF_EXPORTERS: Final = frozenset({"tcp", "http", "https"})


def _exporter_of(module: Mapping[str, Any]) -> Names:
    """The exporter whose names a module without ``emit`` has."""
    exporter = exporter_of(module)
    if exporter is None:
        raise ValueError(
            "`prober: tcp` alone opens a connection in blackbox_exporter, and makes a TLS handshake in "
            "ssl_exporter: add `emit: [blackbox_exporter]` or `emit: [ssl_exporter]`"
        )
    return exporter


def _check_checks(names: tuple[str, ...]) -> tuple[str, ...]:
    parse_parts(names)
    return names


def _check_path(path: str) -> str:
    if not re.fullmatch(r"/[!-~]*", path):
        raise ValueError(f"{path!r} must begin with / and have no spaces, for example /health")
    return path


def _check_protocols(labels: tuple[str, ...]) -> tuple[str, ...]:
    for label in labels:
        ProtocolVersion.from_label(label)
    return labels


class Expectations(Section):
    """The assertions of tlsprobe's own modules."""

    trusted: bool = True
    client_auth: ClientAuthMode | None = None
    refused_versions: Annotated[tuple[str, ...], AfterValidator(_check_protocols)] = ()


class ModuleSettings(Section):
    """One module. ``prober`` is ``tls`` for tlsprobe's own modules; ``tcp``, ``http`` and ``https`` are for the others.

    A module of another exporter emits that exporter's names, unless ``emit`` says otherwise. With
    ``use_client_identity``, the server gets the client certificate that the target's label in the inventory names;
    the certificate of ``tls_config`` is always sent. ``path`` is the path of the GET. The request cannot set any
    of these, except the path with ``allow_paths``.
    """

    prober: Literal["tls", "tcp", "http", "https"] = "tls"
    timeout: Duration | None = None
    target: str | None = None
    emit: tuple[Names, ...] = (Names.TLSPROBE,)
    detail: Detail = Detail.ALL
    checks: Annotated[tuple[str, ...], AfterValidator(_check_checks)] = ("versions", "certificates")
    intrusiveness: Intrusiveness | None = None
    use_client_identity: bool = False
    path: Annotated[str, AfterValidator(_check_path)] = "/"
    allow_paths: bool = False
    expect: Expectations = Expectations()
    tls_config: TlsConfig | None = None
    tcp: TcpKeys = TcpKeys()
    http: HttpKeys = HttpKeys()
    https: Mapping[str, Any] = {}

    @model_validator(mode="before")
    @classmethod
    def _has_a_counterpart(cls, written: Any) -> Any:
        """Refuses what tlsprobe does not have, and adds ``emit`` to a module that another exporter's file has."""
        if not isinstance(written, Mapping):
            return written
        module = without_empty(written)
        if reason := refusal(module):
            raise ValueError(reason)
        if "emit" not in module and module.get("prober") in _OF_EXPORTERS:
            module["emit"] = [_exporter_of(module)]
        return module

    @model_validator(mode="after")
    def _has_keys_that_mean_something(self) -> ModuleSettings:
        needed = {"certificates", "client_auth"}
        if self.expect.client_auth is not None and not needed <= set(self.checks):
            raise ValueError(
                "expect.client_auth needs certificates and client_auth in checks: add them"
            )
        if not self.emit:
            raise ValueError(
                "emit must name at least one of tlsprobe, blackbox_exporter, ssl_exporter"
            )
        if "http" in self.model_fields_set and not (self.is_blackbox and self.asks_http):
            raise ValueError(
                "http applies only with `prober: http` and `emit: [blackbox_exporter]`: remove it, or set both"
            )
        self._check_tcp()
        return self

    def _check_tcp(self) -> None:
        if self.is_blackbox and self.prober == "https":
            raise ValueError(
                "`prober: https` is ssl_exporter's: use `emit: [ssl_exporter]`, or `prober: http`"
            )
        if not self.is_blackbox or self.prober != "tcp" or self.tcp.tls:
            return
        if self.tcp.starttls is not None:
            raise ValueError("tcp.starttls needs `tls: true`: add it")
        if Names.TLSPROBE in self.emit:
            raise ValueError(
                "without `tls: true`, the module only opens a connection, as in blackbox_exporter: add `tls: true`, "
                "or remove tlsprobe from emit"
            )

    @property
    def tls(self) -> TlsConfig:
        """The ``tls_config`` that applies, wherever the exporter's format has it."""
        nested = self.http.tls_config if self.prober == "http" else self.tcp.tls_config
        return self.tls_config or nested or TlsConfig()

    @property
    def is_blackbox(self) -> bool:
        """Whether it means what it means in blackbox_exporter."""
        return Names.BLACKBOX_EXPORTER in self.emit

    @property
    def is_of_exporter(self) -> bool:
        """Whether it means what it means in one of the other exporters."""
        return self.is_blackbox or Names.SSL_EXPORTER in self.emit

    @property
    def asks_http(self) -> bool:
        """Whether it sends a GET; in ssl_exporter, http and https are the same."""
        return self.is_of_exporter and self.prober in {"http", "https"}

    @property
    def begins_tls(self) -> bool:
        """Whether a module that sends no GET makes a TLS handshake; without, it only opens a connection."""
        return self.tcp.tls or not self.is_blackbox or self.prober != "tcp"

    @property
    def preferred_ip_version(self) -> int:
        """4 or 6."""
        return 4 if self._ip_keys.preferred_ip_protocol == "ip4" else 6

    @property
    def may_fall_back(self) -> bool:
        """Whether an address of the other IP version is acceptable."""
        return self._ip_keys.ip_protocol_fallback

    @property
    def _ip_keys(self) -> HttpKeys | TcpKeys:
        return self.http if self.prober == "http" else self.tcp
