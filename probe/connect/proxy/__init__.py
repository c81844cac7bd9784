"""Ways to a server other than straight to it: proxies, a header of the PROXY protocol, a socket of the file system."""
