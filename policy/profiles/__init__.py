"""Data: the built-in profiles, one YAML file each; ``policy.files.profiles`` reads them."""
