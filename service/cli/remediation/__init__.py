"""``tlsprobe remediate``, the only command that changes other systems."""
