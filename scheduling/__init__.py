"""When is each endpoint due, and how many are visited at once? Knows nothing of TLS."""
