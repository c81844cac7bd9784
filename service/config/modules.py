"""The ``on_demand`` section: what ``/probe`` may probe, and the modules it uses.

A module has tlsprobe's own keys, and accepts those of blackbox_exporter's and ssl_exporter's modules for TCP
and HTTPS unchanged. A key of theirs that has no counterpart here is refused, not ignored: otherwise it would
be an assertion that is never checked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, model_validator

from exporters.prometheus import Detail
from exporters.prometheus.probe_page import Names
from model.application_protocol import protocol_named
from model.intrusiveness import Intrusiveness
from model.observation import ClientAuthMode
from model.protocol_version import ProtocolVersion
from pki.certificates import load_trust_store
from probe.checks.check_groups import parse_parts
from probe.crypto.identity import load_identity
from service.setting_types.values import Count, Seconds

_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_VERSIONS: Final = {
    "TLS10": ProtocolVersion.TLSV1_0,
    "TLS11": ProtocolVersion.TLSV1_1,
    "TLS12": ProtocolVersion.TLSV1_2,
    "TLS13": ProtocolVersion.TLSV1_3,
}
DEFAULT_MODULE: Final = "default"


def _duration(value: Any) -> Any:
    """The seconds of a number, or of a text such as ``5s`` or ``1m30s``."""
    if not isinstance(value, str):
        return value
    parts = _DURATION.findall(value)
    if not parts or "".join(map("".join, parts)) != value:
        raise ValueError(f"{value!r} must be seconds or a duration such as 5s, 500ms or 1m30s")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


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


def _check_starttls(protocol: str | None) -> str | None:
    return None if protocol is None else protocol_named(protocol).name


Duration = Annotated[Seconds, BeforeValidator(_duration)]
GoVersion = Literal["TLS10", "TLS11", "TLS12", "TLS13"]
IpProtocol = Literal["ip4", "ip6"]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TlsConfig(_Section):
    """The ``tls_config`` of both programs."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str | None = None
    insecure_skip_verify: bool = False
    min_version: GoVersion = "TLS12"
    max_version: GoVersion = "TLS13"
    renegotiation: Literal["never"] = "never"

    @model_validator(mode="after")
    def _files_can_be_used(self) -> TlsConfig:
        if self.ca_file is not None:
            load_trust_store("ca_file", self.ca_file)
        if self.cert_file is not None:
            load_identity("module", self.cert_file, self.key_file)
        elif self.key_file is not None:
            raise ValueError("key_file needs cert_file: add it")
        return self

    @property
    def versions(self) -> tuple[ProtocolVersion, ...]:
        """All TLS versions that a client with these settings offers."""
        first, last = _VERSIONS[self.min_version], _VERSIONS[self.max_version]
        return tuple(version for version in _VERSIONS.values() if first <= version <= last)


class TcpKeys(_Section):
    """``tcp`` of blackbox_exporter and ssl_exporter."""

    tls: Literal[True] = True
    tls_config: TlsConfig | None = None
    starttls: Annotated[str | None, AfterValidator(_check_starttls)] = None
    preferred_ip_protocol: IpProtocol = "ip6"
    ip_protocol_fallback: bool = True


class HttpKeys(_Section):
    """``http`` of blackbox_exporter, as far as a single GET over HTTP/1.1 supports it."""

    tls_config: TlsConfig | None = None
    method: Literal["GET"] = "GET"
    valid_status_codes: tuple[int, ...] = ()
    valid_http_versions: tuple[str, ...] = ()
    fail_if_ssl: bool = False
    fail_if_not_ssl: bool = False
    no_follow_redirects: bool = False
    follow_redirects: bool = True
    enable_http2: bool = True
    preferred_ip_protocol: IpProtocol = "ip6"
    ip_protocol_fallback: bool = True

    def accepts(self, status: int) -> bool:
        """Whether the status is a success. A redirect that would be followed counts as a success."""
        if status in self.valid_status_codes:
            return True
        follows = self.follow_redirects and not self.no_follow_redirects
        is_redirect = 300 <= status < 400 and follows
        return is_redirect or (not self.valid_status_codes and 200 <= status < 300)


class Expectations(_Section):
    """The assertions of tlsprobe's own modules."""

    trusted: bool = True
    client_auth: ClientAuthMode | None = None
    refused_versions: Annotated[tuple[str, ...], AfterValidator(_check_protocols)] = ()


class ModuleSettings(_Section):
    """One module. ``prober`` is ``tls`` for tlsprobe's own modules; ``tcp``, ``http`` and ``https`` are for the others.

    With ``use_client_identity``, the server gets the client certificate that the target's label in the inventory
    names; the certificate of ``tls_config`` is always sent. ``path`` is the path of the GET. The request cannot set
    any of these.
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
    expect: Expectations = Expectations()
    tls_config: TlsConfig | None = None
    tcp: TcpKeys = TcpKeys()
    http: HttpKeys = HttpKeys()
    https: Mapping[str, Any] = {}

    @model_validator(mode="after")
    def _has_keys_that_mean_something(self) -> ModuleSettings:
        if self.https:
            raise ValueError(
                "https.proxy_url is not supported: remove it, and probe from a network that needs no proxy"
            )
        needed = {"certificates", "client_auth"}
        if self.expect.client_auth is not None and not needed <= set(self.checks):
            raise ValueError(
                "expect.client_auth needs certificates and client_auth in checks: add them"
            )
        if not self.emit:
            raise ValueError(
                "emit must name at least one of tlsprobe, blackbox_exporter, ssl_exporter"
            )
        return self

    @property
    def tls(self) -> TlsConfig:
        """The ``tls_config`` that applies, wherever the exporter's format has it."""
        nested = self.http.tls_config if self.prober == "http" else self.tcp.tls_config
        return self.tls_config or nested or TlsConfig()

    @property
    def asks_http(self) -> bool:
        """Whether it is blackbox_exporter's HTTP probe; ssl_exporter's ``https`` sends no request."""
        return self.prober == "http"

    @property
    def preferred_ip_version(self) -> int:
        """4 or 6."""
        keys = self.http if self.asks_http else self.tcp
        return 4 if keys.preferred_ip_protocol == "ip4" else 6

    @property
    def may_fall_back(self) -> bool:
        """Whether an address of the other IP version is acceptable."""
        return (self.http if self.asks_http else self.tcp).ip_protocol_fallback


class OnDemandSettings(_Section):
    """What ``/probe`` may probe: targets of the inventory, and addresses in ``networks``."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    max_concurrent_probes: Count = 16
    default_module: str = DEFAULT_MODULE
    modules: Mapping[str, ModuleSettings] = {DEFAULT_MODULE: ModuleSettings()}

    @model_validator(mode="after")
    def _has_its_default(self) -> OnDemandSettings:
        if self.default_module not in self.modules:
            there = ", ".join(sorted(self.modules)) or "there are none"
            raise ValueError(
                f"default_module {self.default_module!r} is not one of the modules: {there}"
            )
        return self
