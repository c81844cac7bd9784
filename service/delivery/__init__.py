"""What the service sends by itself: a file for node_exporter, remote writes, and notifiers, each a sink.

No sink holds up a visit or another sink: each reads the inventory at its own interval, and holds at most what that
says to send. How each is configured and what it sends is in ``service.integrations``.
"""
