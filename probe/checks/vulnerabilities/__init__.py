"""Is the server vulnerable to a known attack?"""
