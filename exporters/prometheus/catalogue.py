"""The catalogue of what is shown of endpoints: to add a metric is one entry in one of these tuples.

The order is the page's. Where an endpoint has more series than it may, those of later families go first.
"""

from __future__ import annotations

from typing import Final

from exporters.prometheus.certificate_families import CERTIFICATE_FAMILIES
from exporters.prometheus.chain_families import CHAIN_FAMILIES
from exporters.prometheus.client_auth_families import CLIENT_AUTH_FAMILIES
from exporters.prometheus.declaration_families import DECLARATION_FAMILIES
from exporters.prometheus.endpoint_families import ENDPOINT_FAMILIES
from exporters.prometheus.fact_families import FACT_FAMILIES
from exporters.prometheus.family import PREFIX, Family
from exporters.prometheus.policy_families import POLICY_FAMILIES
from exporters.prometheus.protocol_families import PROTOCOL_FAMILIES
from exporters.prometheus.revocation_families import REVOCATION_FAMILIES
from exporters.prometheus.target_families import TARGET_FAMILIES
from exporters.prometheus.unknown_family import UNKNOWN_FAMILY

FAMILIES: Final[tuple[Family, ...]] = (
    *ENDPOINT_FAMILIES,
    *PROTOCOL_FAMILIES,
    *CLIENT_AUTH_FAMILIES,
    *FACT_FAMILIES,
    *DECLARATION_FAMILIES,
    *POLICY_FAMILIES,
    UNKNOWN_FAMILY,
    *CERTIFICATE_FAMILIES,
    *CHAIN_FAMILIES,
    *REVOCATION_FAMILIES,
)

LABELS_FAMILY: Final = f"{PREFIX}endpoint_labels"
LABELS_HELP: Final = "1, with the labels that the inventory gives, each as label_<name>."
DROPPED_FAMILY: Final = f"{PREFIX}endpoint_series_dropped"
DROPPED_HELP: Final = (
    "How many series of the endpoint are left out, because it has too many; absent where none are."
)

__all__ = [
    "DROPPED_FAMILY",
    "DROPPED_HELP",
    "FAMILIES",
    "LABELS_FAMILY",
    "LABELS_HELP",
    "TARGET_FAMILIES",
]
