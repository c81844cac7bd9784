"""Who vouches for a server, and what may be asked on the way: certificates, revocation, logs, DNS, the socket gate."""
