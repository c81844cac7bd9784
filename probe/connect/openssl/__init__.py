"""Full handshakes by pyOpenSSL over memory BIOs, one file for each part; without sockets."""
