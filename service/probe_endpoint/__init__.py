"""``/probe``: probes one target immediately, within the scrape's timeout, with a module of the configuration."""
