"""The rules, one module for each family; ``policy.catalogue`` collects them in one tuple."""
