"""Commands that run the service or its workers, or ask what they do."""
