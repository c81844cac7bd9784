"""What rules share: partial results, and the sentences about them."""
