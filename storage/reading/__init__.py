"""Reads what was written back as the model's values, each answer of one state of the database."""
