"""Policies in force, held against what is seen."""
