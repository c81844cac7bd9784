"""Reaches endpoints and learns what they really do on the wire; finds them, and says when."""
