"""The plaintext phase before TLS, as scripts, and the facts that it shows."""
