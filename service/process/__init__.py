"""What all processes of tlsprobe share: start, logs, event loop, limits, maintenance."""
