"""IAM server certificates: nothing renews them, and IAM does not say what uses them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from discovery.cloud.aws.api import AwsApi
from discovery.cloud.aws.resource import Resource
from discovery.cloud.tls_rules import in_time
from discovery.found import Location

_LIST: Final = "ListServerCertificates"
_UNREAD: Final = "no endpoint that was read serves the certificate"


def read_iam(api: AwsApi) -> Iterator[Location]:
    """All server certificates that have an end."""
    for listed in api.each(f"iam.{_LIST}"):
        if "Expiration" not in listed:
            continue
        found = Resource(
            api=api,
            kind="iam_server_certificate",
            name=listed["ServerCertificateName"],
            arn=listed["Arn"],
        )
        said = (
            f"the certificate {found.name} of IAM, which ends at {listed['Expiration']:%Y-%m-%d}, "
            "is replaced in time"
        )
        yield found.own(found.claim("iam_renewal", said, _LIST, in_time(), _UNREAD))
