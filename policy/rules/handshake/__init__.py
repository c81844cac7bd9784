"""Rules on what handshakes agree to."""
