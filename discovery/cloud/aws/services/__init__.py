"""The readers of AWS services: one file for each family of them, all listed in ``families.py``."""
