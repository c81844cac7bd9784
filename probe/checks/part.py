"""The parts of a visit that can be asked for by themselves, or left out."""

from __future__ import annotations

from enum import StrEnum
from typing import Final


class Part(StrEnum):
    """What a check belongs to; versions are always asked, for all else builds on them."""

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
"""What a visit asks where nobody says otherwise; JARM needs ten hellos of its own."""
