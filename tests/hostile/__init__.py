"""Hostile servers on loopback, and the limits that a visit to each of them must respect."""
