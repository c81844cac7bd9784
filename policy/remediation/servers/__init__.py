"""Servers that are configured by lines of text: one module each."""
