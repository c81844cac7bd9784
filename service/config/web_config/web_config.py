"""Reads a web configuration: the file that Prometheus and its exporters take with ``--web.config.file``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from policy.files.errors import first_problem, unknown_key
from policy.files.yaml_file import ConfigError, KeyPath, read_yaml_mapping
from service.config.web_config.tls_server_config import TlsServerConfig

_BCRYPT: Final = re.compile(r"\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}")
_COSTS: Final = range(4, 17)
_HEADERS: Final[Mapping[str, tuple[str, ...]]] = {
    "Content-Security-Policy": (),
    "X-Frame-Options": ("deny", "sameorigin"),
    "X-Content-Type-Options": ("nosniff",),
    "X-XSS-Protection": (),
    "Strict-Transport-Security": (),
}
"""The headers that a file may set, with their values if not every value is allowed."""


def _check_headers(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in headers.items():
        if name not in _HEADERS:
            raise ValueError(f"unknown header {name!r}: the headers are {', '.join(_HEADERS)}")
        if _HEADERS[name] and value.lower() not in _HEADERS[name]:
            raise ValueError(f"{name} must be {' or '.join(_HEADERS[name])}, not {value!r}")
        if not (value.isascii() and value.isprintable()):
            raise ValueError(f"{name} must be printable ASCII")
    return {name: value for name, value in headers.items() if value}


def _check_users(users: Mapping[str, str]) -> Mapping[str, str]:
    for user, digest in users.items():
        if not user or ":" in user or not user.isprintable():
            raise ValueError(f"{user!r} is not a user name: use printable characters without ':'")
        match = _BCRYPT.fullmatch(digest)
        if match is None:
            raise ValueError(
                f"the password of {user!r} is not a bcrypt hash: create one with "
                f"`htpasswd -nBC 10 {user}`"
            )
        if int(match[1]) not in _COSTS:
            raise ValueError(f"the bcrypt cost of {user!r} must be from 4 to 16: create a new hash")
    return users


class HttpServerConfig(BaseModel):
    """The section ``http_server_config``; the service speaks HTTP/1.1 whatever ``http2`` says."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    http2: bool = True
    headers: Annotated[Mapping[str, str], AfterValidator(_check_headers)] = {}


class WebConfig(BaseModel):
    """A whole web configuration; ``basic_auth_users`` has a bcrypt hash for each user."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    tls_server_config: TlsServerConfig | None = None
    http_server_config: HttpServerConfig = HttpServerConfig()
    basic_auth_users: Annotated[Mapping[str, str], AfterValidator(_check_users)] = {}

    @property
    def verifies_clients(self) -> bool:
        """Whether a client certificate proves who the client is."""
        return self.tls_server_config is not None and self.tls_server_config.verifies_clients

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that it names."""
        return () if self.tls_server_config is None else self.tls_server_config.files


def read_web_config(path: Path) -> WebConfig:
    """The web configuration in the file ``path``; its relative paths start at the file's directory.

    Raises:
        ConfigError: if it is invalid; the message has the file, the line and how to fix it.
    """
    file = read_yaml_mapping(path)
    if "rate_limit" in file.values:
        raise ConfigError(
            f"{path}, line {file.lines['rate_limit',]}: rate_limit is not supported here: set "
            "http.requests_per_second in tlsprobe's configuration"
        )
    given = {name: value for name, value in file.values.items() if value is not None}
    try:
        config = WebConfig.model_validate(given)
    except ValidationError as error:
        raise ConfigError(_explain(path, file.lines, error)) from error
    tls = config.tls_server_config
    if tls is None:
        return config
    return config.model_copy(update={"tls_server_config": tls.relative_to(path.parent)})


def _explain(path: Path, lines: Mapping[KeyPath, int], error: ValidationError) -> str:
    problem = error.errors(include_url=False)[0]
    place = problem["loc"]
    found = (lines.get(place[:length]) for length in range(len(place), 0, -1))
    line = next((one for one in found if one is not None), 1)
    if problem["type"] == "extra_forbidden":
        section = _SECTIONS.get(str(place[0]), WebConfig) if len(place) > 1 else WebConfig
        return f"{path}, line {line}: {unknown_key(str(place[-1]), section)}"
    keys, words = first_problem(error)
    return f"{path}, line {line}: {'.'.join(map(str, keys))} {words}"


_SECTIONS: Final[Mapping[str, type[BaseModel]]] = {
    "tls_server_config": TlsServerConfig,
    "http_server_config": HttpServerConfig,
}
