"""Does the server ask for client certificates, and does it verify them?"""
