"""Writes batches of visits, each in one transaction, as ``advance`` decides; ``batch.write_visits`` is the start."""
