"""The ``http`` section: TLS, who may send which HTTP requests, and how many clients are served."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, model_validator

from service.config.web_config.access import (
    RoleSettings,
    TokenSettings,
    TrustedProxySettings,
    check_token,
)
from service.config.web_config.web_config import read_web_config
from service.setting_types.secret_marks import SecretFile, SecretVariable
from service.setting_types.secrets import read_secret
from service.setting_types.values import Count

_HOST_NAME: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")


def _check_hosts(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if len(name) > 253 or not _HOST_NAME.fullmatch(name):
            raise ValueError(f"{name!r} must be a host name without a port, such as probe.example")
    return tuple(name.lower() for name in names)


def _check_web_config(file: Path | None) -> Path | None:
    if file is not None:
        read_web_config(file)
    return file


def _off(value: object) -> object:
    """YAML reads a bare ``off`` as false."""
    return "off" if value is False else value


class HttpSettings(BaseModel):
    """Limits and access of the HTTP side.

    ``web_config`` is a file with TLS, headers and passwords, in the format of Prometheus' exporters.
    ``allowed_hosts`` are the names that clients may use in the Host header; addresses and ``localhost`` are always
    allowed. With ``admin: off`` no client changes state. The admin token is one of ``tokens`` with the role admin.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    web_config: Annotated[SecretFile, AfterValidator(_check_web_config)] = None
    self_signed_directory: Path | None = None
    tokens: Mapping[str, TokenSettings] = {}
    roles: RoleSettings = RoleSettings()
    trusted_proxy: TrustedProxySettings | None = None
    allowed_hosts: Annotated[tuple[str, ...], AfterValidator(_check_hosts)] = ()
    admin: Annotated[Literal["auto", "off"], BeforeValidator(_off)] = "auto"
    admin_token_variable: SecretVariable = None
    admin_token_file: SecretFile = None
    connections: Count = 1024
    connections_per_address: Count = 512
    requests_per_second: Count = 50
    api_requests_per_minute: Count = 600

    @property
    def admin_token(self) -> str | None:
        """The current token; raises ValueError if its variable or file has none."""
        return check_token(
            read_secret("admin_token", self.admin_token_variable, self.admin_token_file)
        )

    @model_validator(mode="after")
    def _has_a_good_token(self) -> HttpSettings:
        if self.admin_token is not None and self.admin != "auto":
            raise ValueError(
                f"a token has no effect with admin: {self.admin}: remove one of the two settings"
            )
        return self
