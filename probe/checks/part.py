"""The parts of a visit that can be asked alone or left out."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Part(StrEnum):
    """The part that a check belongs to. Versions are always asked, because all other parts build on them."""

    VERSIONS = "versions"
    SUITES = "suites"
    GROUPS = "groups"
    CERTIFICATES = "certificates"
    REVOCATION = "revocation"
    CLIENT_AUTH = "client_auth"
    DH = "dh"
    SIGNATURES = "signatures"
    FEATURES = "features"
    PLAINTEXT = "plaintext"
    VULNERABILITIES = "vulnerabilities"
    HTTP = "http"
    FINGERPRINTS = "fingerprints"
    JARM = "jarm"


USUAL_PARTS: Final = frozenset(Part) - {Part.JARM}
"""The parts that a visit asks by default; JARM is not one of them, because it needs ten hellos of its own."""
