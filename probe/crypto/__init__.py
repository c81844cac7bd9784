"""The operations that need keys: hand-made records of CBC suites, and the encrypted flight of TLS 1.3.

Everything here is sans I/O, as in ``probe.tls``; it uses the cryptography library.
"""
