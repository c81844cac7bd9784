"""The keys of blackbox_exporter's and ssl_exporter's modules that tlsprobe has, with their meaning there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, model_validator

from model.application_protocol import protocol_named
from model.protocol_version import ProtocolVersion
from pki.certificates import load_trust_store
from probe.crypto.identity import load_identity
from service.setting_types.values import Seconds

_DURATION: Final = re.compile(r"(\d+(?:\.\d+)?)(ms|s|m|h)")
_SECONDS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_VERSIONS: Final = {
    "TLS10": ProtocolVersion.TLSV1_0,
    "TLS11": ProtocolVersion.TLSV1_1,
    "TLS12": ProtocolVersion.TLSV1_2,
    "TLS13": ProtocolVersion.TLSV1_3,
}


def _duration(value: Any) -> Any:
    """The seconds of a number, or of a text such as ``5s`` or ``1m30s``."""
    if not isinstance(value, str):
        return value
    parts = _DURATION.findall(value)
    if not parts or "".join(map("".join, parts)) != value:
        raise ValueError(f"{value!r} must be seconds or a duration such as 5s, 500ms or 1m30s")
    return sum(float(number) * _SECONDS[unit] for number, unit in parts)


def _check_starttls(protocol: str | None) -> str | None:
    return None if protocol is None else protocol_named(protocol).name


Duration = Annotated[Seconds, BeforeValidator(_duration)]
GoVersion = Literal["TLS10", "TLS11", "TLS12", "TLS13"]
IpProtocol = Literal["ip4", "ip6"]


class Section(BaseModel):
    """A mapping whose keys are all known."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TlsConfig(Section):
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
        if not self.versions:
            raise ValueError(
                f"min_version {self.min_version} is above max_version {self.max_version}: swap them"
            )
        return self

    @property
    def versions(self) -> tuple[ProtocolVersion, ...]:
        """All TLS versions that a client with these settings offers."""
        first, last = _VERSIONS[self.min_version], _VERSIONS[self.max_version]
        return tuple(version for version in _VERSIONS.values() if first <= version <= last)


class TcpKeys(Section):
    """``tcp`` of blackbox_exporter and ssl_exporter."""

    tls: bool = False
    tls_config: TlsConfig | None = None
    starttls: Annotated[str | None, AfterValidator(_check_starttls)] = None
    preferred_ip_protocol: IpProtocol = "ip6"
    ip_protocol_fallback: bool = True


class HttpKeys(Section):
    """``http`` of blackbox_exporter, as far as a GET without headers of one's own supports it."""

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
        """Whether the status of the last response is a success."""
        if self.valid_status_codes:
            return status in self.valid_status_codes
        return 200 <= status < 300

    @property
    def follows(self) -> bool:
        """Whether it follows redirects."""
        return self.follow_redirects and not self.no_follow_redirects
