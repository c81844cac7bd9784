"""Changes what serves an endpoint so that a finding goes away: the only code of tlsprobe that changes a foreign system."""
