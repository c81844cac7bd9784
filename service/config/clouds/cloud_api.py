"""What the settings of sources in clouds share that are read with an access token."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from discovery.apis.web import WebApi
from service.config.sources import PolledSettings, SourceContext
from service.setting_types.secret_marks import SecretFile, SecretVariable, WebUrl
from service.setting_types.secrets import token_reader
from service.setting_types.values import Seconds


class CloudApiSettings(PolledSettings):
    """A REST API at ``url`` with an OAuth 2.0 access token, which another program renews."""

    token_file: SecretFile = None
    token_variable: SecretVariable = None
    url: WebUrl
    refresh_seconds: Seconds = 900.0

    @model_validator(mode="after")
    def _has_a_token(self) -> Self:
        if (self.token_file is None) == (self.token_variable is None):
            raise ValueError(
                "set token_file or token_variable, one of them: where the access token is"
            )
        return self

    def api(self, name: str, context: SourceContext) -> WebApi:
        """How requests are sent to it."""
        return WebApi(
            url=self.url,
            gate=context.gate,
            read_token=token_reader(name, self.token_file),
            token_variable=self.token_variable,
        )
