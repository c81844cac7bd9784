"""Checks of SSH servers. No check authenticates a user."""
