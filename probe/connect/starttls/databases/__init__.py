"""Databases, directories and brokers."""
