"""The rules, one module a family; ``policy.catalogue`` has them all in one tuple."""
