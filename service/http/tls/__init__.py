"""TLS of the service's own listener, over the connections that ``service.http.guard`` accepts."""
