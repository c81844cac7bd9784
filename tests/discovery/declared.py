"""What a target's claims say it should serve, as tests compare it."""

from __future__ import annotations

from discovery.found import SourceLocation
from model.target import Target


def declared_certificates(found: Target | SourceLocation) -> str:
    """The SHA-256 hashes, separated by commas; empty if none is declared."""
    return _parameter(found, "leaf_certificates", "allowed")


def declared_protocols(found: Target | SourceLocation) -> str:
    """The versions, separated by commas; empty if none is declared."""
    return _parameter(found, "protocol_versions", "allowed")


def _parameter(found: Target | SourceLocation, rule: str, name: str) -> str:
    rules = [one for claim in found.claims for one in claim.rules if one.rule == rule]
    return ",".join(text for one in rules for text in one.parameters[name])
