"""Google Cloud: load balancers with their TLS settings, read from the Compute Engine API (v1)."""
