"""The maximum cost of a visit, and the limits for computing with a stranger's certificate."""
