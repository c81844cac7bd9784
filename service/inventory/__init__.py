"""The newest status of every endpoint, in memory: shown at once, and corrected by the database's result of a visit."""
