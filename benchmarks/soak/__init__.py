"""The soak: hours of a service, compressed, over servers that fail, change and return."""
