"""What is said before TLS begins, as scripts, and what it shows."""
