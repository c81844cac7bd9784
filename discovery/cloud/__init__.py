"""Sources of targets in clouds, which say what they declare of them."""
