"""What the DNS says of a target."""
