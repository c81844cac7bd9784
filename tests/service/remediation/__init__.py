"""``tlsprobe remediate``: plans, and changes of AWS on loopback."""
