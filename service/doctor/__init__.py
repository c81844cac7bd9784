"""Examines what the service needs before it runs, and while it runs: each part is in order, or has a fix."""
