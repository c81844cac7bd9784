"""The catalogue of the metrics of endpoints: a new metric is one entry in one of these tuples.

The order is that of the page. If an endpoint exceeds its maximum number of series, later families are dropped
first.
"""

from __future__ import annotations

from typing import Final

from exporters.prometheus.families.certificates import CERTIFICATE_FAMILIES
from exporters.prometheus.families.chains import CHAIN_FAMILIES
from exporters.prometheus.families.claims import CLAIM_FAMILIES
from exporters.prometheus.families.client_auth import CLIENT_AUTH_FAMILIES
from exporters.prometheus.families.endpoints import ENDPOINT_FAMILIES
from exporters.prometheus.families.facts import FACT_FAMILIES
from exporters.prometheus.families.family import PREFIX, Family
from exporters.prometheus.families.ike import IKE_FAMILIES
from exporters.prometheus.families.policies import POLICY_FAMILIES
from exporters.prometheus.families.protocols import PROTOCOL_FAMILIES
from exporters.prometheus.families.quic import QUIC_FAMILIES
from exporters.prometheus.families.revocation import REVOCATION_FAMILIES
from exporters.prometheus.families.ssh import SSH_FAMILIES
from exporters.prometheus.families.targets import TARGET_FAMILIES
from exporters.prometheus.families.unknown import UNKNOWN_FAMILIES

FAMILIES: Final[tuple[Family, ...]] = (
    *ENDPOINT_FAMILIES,
    *PROTOCOL_FAMILIES,
    *CLIENT_AUTH_FAMILIES,
    *FACT_FAMILIES,
    *SSH_FAMILIES,
    *QUIC_FAMILIES,
    *IKE_FAMILIES,
    *CLAIM_FAMILIES,
    *POLICY_FAMILIES,
    *UNKNOWN_FAMILIES,
    *CERTIFICATE_FAMILIES,
    *CHAIN_FAMILIES,
    *REVOCATION_FAMILIES,
)

LABELS_FAMILY: Final = f"{PREFIX}endpoint_labels"
LABELS_HELP: Final = (
    "Always 1; the labels are those of the target in the inventory, as label_<name>."
)
DROPPED_FAMILY: Final = f"{PREFIX}endpoint_series_dropped"
DROPPED_HELP: Final = (
    "Series of the endpoint that were left out, because it has too many; absent if there are none."
)

__all__ = [
    "DROPPED_FAMILY",
    "DROPPED_HELP",
    "FAMILIES",
    "LABELS_FAMILY",
    "LABELS_HELP",
    "TARGET_FAMILIES",
]
