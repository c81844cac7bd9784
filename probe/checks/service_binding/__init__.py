"""Questions about what the DNS says of a service by HTTPS and SVCB records (RFC 9460), and about ECH (RFC 9849)."""
