"""Six real TLS servers on loopback, each with one thing right or wrong that tlsprobe must see.

They let a newcomer see true findings without a network. Nothing here may be imported by a layer
below, and nothing here answers for a server: what a client hears is OpenSSL's own.
"""

from service.demo.fleet import DemoFleet

__all__ = ["DemoFleet"]
