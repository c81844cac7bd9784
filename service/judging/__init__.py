"""Judges Observations by the active policies."""
