"""The TLS wire format, sans I/O: bytes to structures and back.

Synchronous and pure: no sockets, no clock, no randomness of its own. Unknown code points
are values, for servers surprise us; lengths are strict, and every block is consumed exactly.
"""
