"""Who may use the HTTP side: tokens, the roles of users, and a proxy that logs users in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from service.setting_types.roles import Role
from service.setting_types.secret_marks import SecretFile, SecretVariable
from service.setting_types.secrets import read_secret

_SHORTEST_TOKEN: Final = 16
_HEADER: Final = re.compile(r"[A-Za-z0-9-]{1,100}")


def check_token(token: str | None) -> str | None:
    """Check that ``token`` cannot be guessed; raises ValueError."""
    if token is not None and (len(token) < _SHORTEST_TOKEN or not token.isascii()):
        raise ValueError(
            f"a token must have at least {_SHORTEST_TOKEN} ASCII characters: "
            "generate one with `openssl rand -hex 32`"
        )
    return token


def _check_header(name: str) -> str:
    if not _HEADER.fullmatch(name):
        raise ValueError(f"{name!r} must be the name of a header, such as X-Forwarded-User")
    return name.lower()


HeaderName = Annotated[str, AfterValidator(_check_header)]


class TokenSettings(BaseModel):
    """A bearer token: where it is, and the role of the clients that send it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role = Role.VIEWER
    token_variable: SecretVariable = None
    token_file: SecretFile = None

    @property
    def token(self) -> str | None:
        """The current token; raises ValueError if its variable or file has none."""
        return check_token(read_secret("token", self.token_variable, self.token_file))

    @model_validator(mode="after")
    def _has_a_token(self) -> TokenSettings:
        if self.token is None:
            raise ValueError("set token_file or token_variable: where the token is")
        return self


class RoleSettings(BaseModel):
    """The roles of users, of groups that the proxy states, and of subjects and names of client certificates.

    A known client that is not listed is a viewer.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    users: Mapping[str, Role] = {}
    groups: Mapping[str, Role] = {}
    certificates: Mapping[str, Role] = {}


class TrustedProxySettings(BaseModel):
    """A proxy that logs users in, such as oauth2-proxy: only its ``addresses`` may name the user in a header."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    addresses: Annotated[tuple[IPv4Network | IPv6Network, ...], Field(min_length=1)]
    user_header: HeaderName = "x-forwarded-user"
    groups_header: HeaderName = "x-forwarded-groups"
