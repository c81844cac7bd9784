"""Programmable servers: every hard case by name, in raw bytes that owe nothing to our codec."""
