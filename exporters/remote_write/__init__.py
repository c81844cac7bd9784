"""Prometheus remote write 1.0: pages of metrics as requests, and stale markers for what vanished.

The specification is Prometheus' "Remote-Write 1.0". A page is read in the text format in which it is
shown anyway, so that what is pushed and what is scraped cannot differ.
"""

from __future__ import annotations

from exporters.remote_write.requests import WriteRequest, write_requests

__all__ = ["WriteRequest", "write_requests"]
