"""Certificates as served, and how much of their life is left."""
