"""Ways to a server other than straight to it: proxies, a preamble, a socket of the file system."""
