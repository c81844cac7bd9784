"""Reaches endpoints and finds out what they do on the wire."""
