"""Where targets come from: one file a source, each yielding the targets that it holds now."""
