"""The configuration of what the service sends by itself."""
