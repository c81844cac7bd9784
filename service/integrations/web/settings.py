"""The settings of a receiver by HTTP: its URL, its login, and the trusted CAs."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from service.integrations.web.post import Receiver
from service.setting_types.secret_marks import (
    OptionalSecretUrl,
    ReceiverUrl,
    SecretFile,
    SecretVariable,
)
from service.setting_types.secret_places import Rotating
from service.setting_types.secrets import read_login, read_secret
from service.setting_types.values import check_web_url


class WebSettings(BaseModel):
    """A URL, given directly or in a variable or file, and a token, or a user with a password."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: ReceiverUrl = None
    url_variable: SecretVariable = None
    url_file: SecretFile = None
    token_variable: SecretVariable = None
    token_file: SecretFile = None
    user: str | None = None
    password_variable: SecretVariable = None
    password_file: SecretFile = None
    ca_file: Path | None = None
    proxy: OptionalSecretUrl = None
    timeout_seconds: Annotated[float, Field(gt=0, le=300)] = 30.0

    def receiver(self) -> Receiver:
        """The receiver, with its secrets.

        Raises:
            ValueError: if a secret is missing, or there is no valid URL.
        """
        login = read_login(self.user, self.password_variable, self.password_file)
        token = read_secret("token", self.token_variable, self.token_file)
        if token is not None and login is not None:
            raise ValueError("set a token, or a user with a password, but not both")
        return Receiver(
            url=self._whole_url(),
            token=token,
            login=login,
            trust=trust_context(self.ca_file),
            proxy=None if self.proxy is None else check_web_url(self.proxy),
            timeout_seconds=self.timeout_seconds,
        )

    def rotating(self) -> Rotating[Receiver]:
        """The receiver by the present secrets, which may change while the service runs."""
        files = (self.url_file, self.token_file, self.password_file)
        return Rotating("a receiver by HTTP", self.receiver, files)

    @model_validator(mode="after")
    def _can_be_used(self) -> WebSettings:
        self.receiver()
        return self

    def _whole_url(self) -> str:
        secret = read_secret("url", self.url_variable, self.url_file)
        if (self.url is None) == (secret is None):
            raise ValueError("set exactly one of url, url_variable and url_file")
        return check_web_url(secret or self.url or "")


def trust_context(ca_file: Path | None) -> ssl.SSLContext:
    """A TLS context that trusts the system's CAs, or only those of a PEM file.

    Raises:
        ValueError: if the file has no certificates.
    """
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise ValueError(f"ca_file {ca_file} cannot be used ({error.args[-1]})") from None
