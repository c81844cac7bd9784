"""Where do targets come from? Each module is a source, which yields the targets that it has now."""
