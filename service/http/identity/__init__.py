"""Who a client is: passwords, tokens, client certificates, and the users that a trusted proxy states."""
