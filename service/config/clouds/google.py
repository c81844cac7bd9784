"""The settings of a source of the type ``google_cloud``."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Final, Literal

from pydantic import AfterValidator

from discovery.cloud.google.reader import GoogleCloudReader
from discovery.source import SourceReading
from service.config.clouds.cloud_api import CloudApiSettings
from service.config.sources import SourceContext
from service.setting_types.secret_marks import WebUrl

_PROJECT: Final = re.compile(r"[a-z][a-z0-9.:-]{4,62}")


def _check_project(identifier: str) -> str:
    if not _PROJECT.fullmatch(identifier):
        raise ValueError(
            f"{identifier!r} is not the identifier of a project: use what `gcloud config get project` prints"
        )
    return identifier


class GoogleCloudSettings(CloudApiSettings):
    """The load balancers of one project of Google Cloud that end TLS, with what it declares of them as claims."""

    type: Literal["google_cloud"]
    project: Annotated[str, AfterValidator(_check_project)]
    url: WebUrl = "https://compute.googleapis.com"

    @property
    def described(self) -> str:
        """Its kind and project."""
        return f"google_cloud:{self.project}"

    def reader(self, name: str, context: SourceContext) -> Callable[[], Awaitable[SourceReading]]:
        """Reads all lists of the project."""
        return GoogleCloudReader(
            self.api(name, context),
            self.project,
            name,
            most=self.max_targets,
            max_stale_seconds=self.max_stale_seconds,
        ).read
