"""The settings of a source of the type ``azure``."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Final, Literal

from pydantic import AfterValidator

from discovery.cloud.azure.reader import AzureReader
from discovery.source import SourceReading
from service.config.clouds.cloud_api import CloudApiSettings
from service.config.sources import SourceContext
from service.setting_types.secret_marks import WebUrl

_SUBSCRIPTION: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def _check_subscription(identifier: str) -> str:
    if not _SUBSCRIPTION.fullmatch(identifier):
        raise ValueError(
            f"{identifier!r} is not the identifier of a subscription: use what `az account show --query id` prints"
        )
    return identifier


class AzureSettings(CloudApiSettings):
    """The application gateways of one subscription that end TLS, with what Azure declares of them as claims."""

    type: Literal["azure"]
    subscription: Annotated[str, AfterValidator(_check_subscription)]
    url: WebUrl = "https://management.azure.com"

    @property
    def described(self) -> str:
        """Its kind and subscription."""
        return f"azure:{self.subscription}"

    def reader(self, name: str, context: SourceContext) -> Callable[[], Awaitable[SourceReading]]:
        """Reads all lists of the subscription."""
        return AzureReader(
            self.api(name, context),
            self.subscription,
            name,
            most=self.max_targets,
            max_stale_seconds=self.max_stale_seconds,
        ).read
