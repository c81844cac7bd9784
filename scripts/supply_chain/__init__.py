"""Where does a release come from, and is what it is made of known to be unsafe?"""
