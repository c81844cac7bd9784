"""Configuration files of web servers and proxies as sources."""
