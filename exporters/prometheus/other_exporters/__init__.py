"""The metrics of blackbox_exporter and ssl_exporter under their own names."""
