"""What rules share: partial results, and the SSL Labs rating."""
