"""What was: questions to the database, and their answers as text."""
