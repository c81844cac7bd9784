"""Visits that a user requests: scan, replay, explain."""
