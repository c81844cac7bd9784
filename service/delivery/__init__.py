"""What the service sends by itself: a file for node_exporter, remote write, and notifiers. Each is a sink.

No sink delays a visit or another sink: each reads the inventory at its own interval, and stores at most what the
inventory gives it to send. ``service.integrations`` defines the settings and the content of each sink.
"""
