"""The metric families of endpoints, one module an area."""
