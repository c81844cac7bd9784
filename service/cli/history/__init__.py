"""Commands that print what the database knows: of now, of then, and of the time between."""
