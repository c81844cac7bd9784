"""Rules on what handshakes negotiate."""
