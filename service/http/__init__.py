"""The HTTP side: routes, and what stands between clients and them."""
