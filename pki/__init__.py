"""Is a server's certificate trustworthy, and which sockets may be opened? Also revocation, logs and DNS records."""
