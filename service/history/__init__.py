"""Questions to the database about the past, and their answers as text."""
