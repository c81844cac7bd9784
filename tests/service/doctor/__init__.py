"""The examination of what a service needs."""
