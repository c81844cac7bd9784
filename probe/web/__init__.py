"""What a web server says about encryption: one request, the head of one answer, and the meaning of its fields."""
