"""The codec of OpenVPN's control channel: what do these bytes mean? Without sockets, clocks, keys and conclusions."""
