"""``tlsprobe aws``: commands that prepare AWS accounts for the discovery source."""
