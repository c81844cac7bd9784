"""Fuzzing of everything that reads a peer's bytes: ``make fuzz``."""
