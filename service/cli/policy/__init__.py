"""``tlsprobe policy``: commands that show, check, compare and try policies."""
