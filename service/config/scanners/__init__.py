"""The settings of findings of other scanners."""
