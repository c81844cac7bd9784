"""The metric families of endpoints, one module for each area."""
