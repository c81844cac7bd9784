"""The pages for people: ``routes`` has them all."""
