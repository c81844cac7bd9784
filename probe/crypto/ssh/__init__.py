"""SSH's key exchange with keys of our own: proves that a server has the private half of its host key."""
