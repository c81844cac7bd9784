"""Prometheus remote write 1.0: its settings, pages of metrics as write requests, and the loop that sends them.

The specification is Prometheus' "Remote-Write 1.0". A page is read in the text format in which it is shown, so
that what is pushed and what is scraped cannot differ.
"""
