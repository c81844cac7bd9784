"""The checks between HTTP clients and the routes: limits, allowed hosts, cross-site requests, tokens."""
