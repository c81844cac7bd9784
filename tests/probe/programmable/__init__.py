"""Programmable servers: every hard case by name, in raw bytes that are independent of our codec."""
