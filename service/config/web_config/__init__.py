"""The web configuration of Prometheus' exporters: TLS, headers and passwords of the HTTP side."""
