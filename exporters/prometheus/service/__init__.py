"""Metrics of the service itself."""
