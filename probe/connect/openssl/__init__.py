"""Full handshakes by pyOpenSSL over memory BIOs, one file for each thing they need; no socket here."""
