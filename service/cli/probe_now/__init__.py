"""Commands that probe at once and store nothing: scan, compare, replay, explain."""
