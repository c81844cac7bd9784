"""Real TLS servers, each with its true configuration beside it, and the test that holds all."""
