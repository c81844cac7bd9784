"""The ``http`` section: who may send which HTTP requests, and how many clients are served."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, model_validator

from service.setting_types.secret_marks import SecretFile, SecretVariable
from service.setting_types.secrets import read_secret
from service.setting_types.values import Count

_HOST_NAME: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*")
_SHORTEST_TOKEN: Final = 16


def _check_hosts(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        if len(name) > 253 or not _HOST_NAME.fullmatch(name):
            raise ValueError(f"{name!r} must be a host name without a port, such as probe.example")
    return tuple(name.lower() for name in names)


def _off(value: object) -> object:
    """YAML reads a bare ``off`` as false."""
    return "off" if value is False else value


class HttpSettings(BaseModel):
    """Limits and access of the HTTP side.

    ``allowed_hosts`` are the names that clients may use in the Host header; addresses and ``localhost`` are always
    allowed. ``admin`` controls the routes that change state: ``auto`` (clients with the token; without a
    token, clients on this machine), ``off`` or ``open``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    allowed_hosts: Annotated[tuple[str, ...], AfterValidator(_check_hosts)] = ()
    admin: Annotated[Literal["auto", "off", "open"], BeforeValidator(_off)] = "auto"
    admin_token_variable: SecretVariable = None
    admin_token_file: SecretFile = None
    connections: Count = 1024
    connections_per_address: Count = 512
    requests_per_second: Count = 50

    @property
    def admin_token(self) -> str | None:
        """The current token; raises ValueError if its variable or file has none."""
        return read_secret("admin_token", self.admin_token_variable, self.admin_token_file)

    @model_validator(mode="after")
    def _has_a_good_token(self) -> HttpSettings:
        token = self.admin_token
        if token is not None and (len(token) < _SHORTEST_TOKEN or not token.isascii()):
            raise ValueError(
                f"the admin token must have at least {_SHORTEST_TOKEN} ASCII characters: "
                "generate one with `openssl rand -hex 32`"
            )
        if token is not None and self.admin != "auto":
            raise ValueError(
                f"a token has no effect with admin: {self.admin}: remove one of the two settings"
            )
        return self
