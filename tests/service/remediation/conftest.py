"""AWS on loopback, as the tests of the source have it."""

from tests.discovery.aws.conftest import aws, started

__all__ = ["aws", "started"]
