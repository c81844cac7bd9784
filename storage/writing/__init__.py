"""Writes batches of visits, each batch in one transaction, as ``advance`` says; it begins at ``batch.write_visits``."""
