"""The modules of ``/probe``: tlsprobe's own, and those of blackbox_exporter and ssl_exporter."""
