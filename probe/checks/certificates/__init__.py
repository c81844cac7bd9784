"""Which chains does the server send, and what does it send with them?"""
