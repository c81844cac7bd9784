"""Is QUIC answered, in which versions, and is HTTP/3 spoken over it? Sans I/O."""
