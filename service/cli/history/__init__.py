"""Commands that print what the database knows: the current state, past states, and the changes between them."""
