"""Hostile servers, one module for each layer; each mode is one small function and one row."""
