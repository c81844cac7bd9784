"""Which chains does the server send, and what comes with them?"""
