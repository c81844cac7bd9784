"""Rules on the identity of the server and its clients: certificates, trust, client certificates."""
