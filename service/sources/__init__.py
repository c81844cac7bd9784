"""The sources of targets, followed while the service runs."""
