"""Reads and resolves policy files and the built-in profiles."""
