"""The service as a process: its parts, and what they do from start to stop.

``build`` puts the parts together, ``run`` runs them, ``reload`` activates a new configuration, and ``status`` reports
their state. ``state`` holds what changes while the service runs.
"""
