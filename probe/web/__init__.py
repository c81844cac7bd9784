"""What a web server says of encryption: one request, the head of one answer, and what its fields mean."""
