"""Servers that are configured by lines of their own: one module each."""
