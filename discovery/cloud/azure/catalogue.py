"""All kinds of resources of Azure that are read, one row each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from discovery.cloud.azure.application_gateways import APPLICATION_GATEWAYS
from discovery.cloud.azure.resource import AzureResource

RESOURCES: Final[Sequence[AzureResource]] = [
    APPLICATION_GATEWAYS,
]
