"""A certificate as bytes and fields, read within bounds."""
