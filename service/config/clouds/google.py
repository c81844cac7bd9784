"""The settings of a source of the type ``google_cloud``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Literal

from pydantic import Field, model_validator

from discovery.apis.web import WebApi
from discovery.cloud.google.reader import GoogleCloudReader
from discovery.source import SourceReading
from service.config.sources import PolledSettings, SourceContext
from service.setting_types.secret_marks import SecretFile, SecretVariable, WebUrl
from service.setting_types.secrets import token_reader
from service.setting_types.values import Seconds


class GoogleCloudSettings(PolledSettings):
    """The load balancers of one project of Google Cloud that end TLS, with what it declares of them as claims."""

    type: Literal["google_cloud"]
    project: Annotated[str, Field(pattern=r"^[a-z][a-z0-9.:-]{4,62}$")]
    token_file: SecretFile = None
    token_variable: SecretVariable = None
    url: WebUrl = "https://compute.googleapis.com"
    refresh_seconds: Seconds = 900.0

    @property
    def described(self) -> str:
        """Its kind and project."""
        return f"google_cloud:{self.project}"

    @model_validator(mode="after")
    def _has_a_token(self) -> GoogleCloudSettings:
        if (self.token_file is None) == (self.token_variable is None):
            raise ValueError(
                "set token_file or token_variable, one of them: where the access token is"
            )
        return self

    def reader(self, name: str, context: SourceContext) -> Callable[[], Awaitable[SourceReading]]:
        """Reads all lists of the project."""
        api = WebApi(
            url=self.url,
            gate=context.gate,
            read_token=token_reader(name, self.token_file),
            token_variable=self.token_variable,
        )
        return GoogleCloudReader(
            api,
            self.project,
            name,
            most=self.max_targets,
            max_stale_seconds=self.max_stale_seconds,
        ).read
