"""The section ``tls_server_config`` of a web configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from service.config.web_config.go_names import (
    USUAL_SUITES,
    check_groups,
    check_suites,
    openssl_suites_below_tls13,
)

ClientAuthType = Literal[
    "NoClientCert",
    "RequestClientCert",
    "RequireAnyClientCert",
    "RequireClientCert",
    "VerifyClientCertIfGiven",
    "RequireAndVerifyClientCert",
]
VERIFYING: Final = frozenset({"VerifyClientCertIfGiven", "RequireAndVerifyClientCert"})
REQUIRING: Final = frozenset(
    {"RequireAnyClientCert", "RequireClientCert", "RequireAndVerifyClientCert"}
)
_FILE_OR_TEXT: Final = ("cert", "key", "client_ca")


class TlsServerConfig(BaseModel):
    """How the service speaks TLS; ``cert``, ``key`` and ``client_ca`` are PEM texts in place of files."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cert_file: Path | None = None
    key_file: Path | None = None
    client_ca_file: Path | None = None
    cert: str | None = None
    key: str | None = Field(default=None, repr=False)
    client_ca: str | None = None
    client_auth_type: ClientAuthType = "NoClientCert"
    client_allowed_sans: tuple[str, ...] = ()
    min_version: Literal["TLS12", "TLS13"] = "TLS12"
    max_version: Literal["TLS12", "TLS13"] = "TLS13"
    cipher_suites: Annotated[tuple[str, ...], AfterValidator(check_suites)] = USUAL_SUITES
    prefer_server_cipher_suites: bool = True
    curve_preferences: Annotated[tuple[str, ...], AfterValidator(check_groups)] = (
        "X25519MLKEM768",
        "X25519",
        "CurveP256",
        "CurveP384",
    )

    @property
    def has_client_ca(self) -> bool:
        """Whether it names the authorities of client certificates."""
        return self.client_ca_file is not None or self.client_ca is not None

    @property
    def verifies_clients(self) -> bool:
        """Whether a client certificate proves who the client is."""
        return self.client_auth_type in VERIFYING

    @model_validator(mode="after")
    def _has_one_pair(self) -> TlsServerConfig:
        for name in _FILE_OR_TEXT:
            if getattr(self, name) is not None and getattr(self, f"{name}_file") is not None:
                raise ValueError(f"set {name} or {name}_file, not both")
        for name in ("cert", "key"):
            if getattr(self, name) is None and getattr(self, f"{name}_file") is None:
                raise ValueError(f"set {name}_file: TLS needs a certificate and its private key")
        return self

    @model_validator(mode="after")
    def _has_a_version_and_a_suite(self) -> TlsServerConfig:
        if (self.min_version, self.max_version) == ("TLS13", "TLS12"):
            raise ValueError("min_version is newer than max_version: exchange them")
        if self.max_version == "TLS12" and not openssl_suites_below_tls13(self.cipher_suites):
            raise ValueError(
                "cipher_suites has no suite for TLS 1.2: add one, or remove max_version"
            )
        return self

    @model_validator(mode="after")
    def _has_authorities_for_clients(self) -> TlsServerConfig:
        if self.verifies_clients and not self.has_client_ca:
            raise ValueError(
                f"client_auth_type {self.client_auth_type} needs client_ca_file: the authorities that "
                "issue certificates of clients"
            )
        if self.has_client_ca and self.client_auth_type == "NoClientCert":
            raise ValueError(
                "client_ca_file has no effect without client_auth_type: set it to "
                "RequireAndVerifyClientCert"
            )
        if self.client_allowed_sans and self.client_auth_type not in REQUIRING:
            raise ValueError(
                "client_allowed_sans needs client_auth_type RequireAndVerifyClientCert: other clients "
                "show no certificate"
            )
        return self

    def relative_to(self, directory: Path) -> TlsServerConfig:
        """The same with its relative paths in ``directory``."""
        files = (f"{name}_file" for name in _FILE_OR_TEXT)
        found = {name: getattr(self, name) for name in files}
        return self.model_copy(
            update={name: directory / path for name, path in found.items() if path is not None}
        )

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it names."""
        named = (self.cert_file, self.key_file, self.client_ca_file)
        return tuple(path for path in named if path is not None)
