"""What a visit could not find out because the server answers only clients with a certificate."""

from __future__ import annotations

from typing import Final

from model.observation import ClientAuthMode, Observation
from model.verdict import Evidence

WITHOUT_CLIENT_CERTIFICATE: Final = "without a client certificate"
"""How the note on a handshake ends in which no client certificate was presented."""


def needs_client_certificate(observation: Observation, evidence: Evidence | None) -> bool:
    """Whether an unknown fact with that evidence is unknown because the server requires a client certificate."""
    note = evidence.note if evidence is not None else None
    is_required = any(
        found.mode is ClientAuthMode.REQUIRED for found in observation.client_auth.values()
    )
    return is_required and note is not None and note.endswith(WITHOUT_CLIENT_CERTIFICATE)
