"""What tlsprobe finds out about the mail of a domain, and its JSON."""
