"""The newest status of every endpoint, in memory: shown at once, and corrected by what the database says of a visit."""
