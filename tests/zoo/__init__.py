"""Real TLS servers, each with its true configuration, and the test that compares all of them."""
