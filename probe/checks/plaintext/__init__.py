"""What does the server do without TLS?"""
