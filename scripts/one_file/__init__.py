"""Builds tlsprobe with all its packages as one file, which Python runs."""
