"""Servers of small programs in several languages, each on its language's own TLS or binding."""
