"""Targets files: YAML, JSON and CSV."""
