"""Prometheus remote write 1.0: its settings, pages of metrics as write requests, and the loop that sends them.

The specification is Prometheus' "Remote-Write 1.0". The pages are parsed from the text format of the scrape, so
pushed and scraped metrics cannot differ.
"""
