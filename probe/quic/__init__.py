"""Does the server answer QUIC, in which versions, and with HTTP/3? Sans I/O."""
