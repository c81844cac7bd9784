"""The TLS wire format, sans I/O: bytes to structures and back.

Synchronous and pure: no sockets, no clock, no randomness of its own. Unknown code points are valid values,
because servers send them; lengths are strict, and every block must be consumed exactly.
"""
