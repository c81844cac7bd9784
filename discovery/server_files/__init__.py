"""Which TLS endpoints do the configuration files of web servers and proxies declare?"""
