"""All kinds of resources of Google Cloud that are read, one row each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from discovery.cloud.google.load_balancers import LOAD_BALANCERS
from discovery.cloud.google.resource import GoogleResource

RESOURCES: Final[Sequence[GoogleResource]] = [
    LOAD_BALANCERS,
]
