"""``tlsprobe policy``: commands that show, check, compare and test policies."""
