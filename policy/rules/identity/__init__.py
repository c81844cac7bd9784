"""Rules on who the server is, and whom it lets in: certificates, trust, client certificates."""
