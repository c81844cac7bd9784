"""Visits that a person asks for: scan, replay, explain."""
