"""Outlets: what the service sends by itself, for those whom no scrape reaches.

A file for node_exporter, remote writes, and notifiers. None of them holds up a visit or another outlet:
each looks at the inventory at its own pace, and has at most what that says to send.
"""
