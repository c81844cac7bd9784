"""Which questions share their hello with others, and how?"""
