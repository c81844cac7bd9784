"""What stands between HTTP clients and the routes: limits, allowed hosts, cross-site checks, tokens."""
