"""Commands that write reports as evidence, and verify them."""
