"""Findings of other scanners of configurations, as claims about targets that other sources yield."""
