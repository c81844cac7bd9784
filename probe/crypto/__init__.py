"""What takes keys: records of CBC suites made by hand, and the encrypted flight of TLS 1.3.

Everything here is sans I/O, as ``probe.tls`` is; it stands on the cryptography library.
"""
