"""Data: the profiles that come with tlsprobe, one YAML file each; ``policy.files.profiles`` reads them."""
