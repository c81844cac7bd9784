"""Findings on the pages: the list, the card of one at its endpoint, its history, and waivers."""
