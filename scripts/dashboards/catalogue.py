"""All dashboards, in the order of their links."""

from __future__ import annotations

from typing import Final

from scripts.dashboards.certificates import CERTIFICATES
from scripts.dashboards.endpoint import ENDPOINT
from scripts.dashboards.findings import FINDINGS
from scripts.dashboards.fleet import FLEET
from scripts.dashboards.mtls import MTLS
from scripts.dashboards.protocols import PROTOCOLS
from scripts.dashboards.service import SERVICE
from scripts.dashboards.spec import Dashboard

DASHBOARDS: Final[tuple[Dashboard, ...]] = (
    FLEET,
    ENDPOINT,
    PROTOCOLS,
    CERTIFICATES,
    MTLS,
    FINDINGS,
    SERVICE,
)
