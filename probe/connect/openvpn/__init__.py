"""OpenVPN: TLS in the packets of its control channel, over TCP and UDP."""
