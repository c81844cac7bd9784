"""Writes batches of visits, each batch in one transaction; it begins at ``batch.write_visits``."""
