"""Commands that probe at once and store nothing: scan, replay, explain."""
