"""Is the server open to a known attack?"""
