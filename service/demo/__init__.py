"""Six real TLS servers on loopback; each has one property or fault that tlsprobe must find.

They show a newcomer real findings without a network. No lower layer may import this package, and nothing
here imitates a server: all TLS responses come from OpenSSL.
"""

from service.demo.fleet import DemoFleet

__all__ = ["DemoFleet"]
