"""The IKE codec: what do these bytes mean? Without sockets, clocks, keys and conclusions."""
