"""The newest status of every endpoint, in memory."""
