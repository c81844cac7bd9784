"""The HTTP side: the routes, and the checks and limits for clients."""
