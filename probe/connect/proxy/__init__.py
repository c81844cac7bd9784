"""Indirect ways to a server: proxies, a PROXY protocol header, a Unix socket."""
