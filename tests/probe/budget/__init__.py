"""What a visit may cost, and what of a stranger's certificate is computed with."""
