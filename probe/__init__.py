"""Connects to endpoints and finds out how they behave on the wire."""
