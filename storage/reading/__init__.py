"""Reads stored rows as the model's values; each answer is from one state of the database."""
