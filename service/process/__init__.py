"""What every process of tlsprobe has: start, logs, event loop, limits, maintenance."""
