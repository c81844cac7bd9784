"""What makes files of this checkout; nothing of it is shipped."""
