"""The settings of findings of other scanners and of bills of materials."""
