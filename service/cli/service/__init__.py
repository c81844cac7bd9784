"""Commands that run the service or its workers, or show what they do."""
