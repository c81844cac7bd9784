"""When is each endpoint due, and how many are visited at once? This package knows nothing about TLS."""
