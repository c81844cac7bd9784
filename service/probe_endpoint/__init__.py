"""``/probe``: one target asked at once, within the scrape's time, by a module of the configuration."""
