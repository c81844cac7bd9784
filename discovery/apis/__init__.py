"""Web APIs as sources: http_sd, Prometheus, Consul, Docker."""
