"""The value of Strict-Transport-Security (RFC 6797, section 6.1) that a policy demands."""

from __future__ import annotations

from policy.remediation.demands import HstsDemand


def hsts_value(demand: HstsDemand) -> str:
    """Such as ``max-age=63072000; includeSubDomains``."""
    words = [f"max-age={demand.max_age}"]
    if demand.include_subdomains:
        words.append("includeSubDomains")
    if demand.preload:
        words.append("preload")
    return "; ".join(words)
