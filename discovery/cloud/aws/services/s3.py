"""Amazon S3: the buckets whose policy denies requests without TLS. Only a signed request proves that."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from discovery.cloud.aws.api import AwsApi
from discovery.cloud.aws.resource import Resource
from discovery.cloud.aws.secure_transport import prove
from discovery.found import Location

_PORT: Final = 443
_FIRST_REGION: Final = "us-east-1"
_UNPROVABLE: Final = (
    "S3 answers 403 to every anonymous request, with TLS and without: set s3_probe_role_arn to "
    "prove it by signed requests"
)


def read_s3(api: AwsApi) -> Iterator[Location]:
    """The buckets with such a policy: the others declare nothing about TLS."""
    for bucket in api.each("s3.ListBuckets", MaxBuckets=1000):
        name = bucket["Name"]
        answer = api.one("s3.GetBucketPolicy", Bucket=name)
        if answer is None or not _denies_plaintext(answer.get("Policy", "")):
            continue
        region = bucket.get("BucketRegion") or _FIRST_REGION
        found = Resource(
            api=api,
            kind="s3_bucket",
            name=name,
            arn=api.global_arn("s3", name),
            more={"bucket_region": region},
        )
        said = f"the policy of bucket {name} denies requests without TLS (aws:SecureTransport)"
        claim = found.claim("s3_secure_transport", said, "GetBucketPolicy", unprovable=_UNPROVABLE)
        if api.s3_prober is not None:
            claim = replace(claim, unprovable="", proof=prove(api.s3_prober, name, region))
        # A dot in the name does not fit Amazon's wildcard certificate: such buckets are used by path.
        if "." not in name:
            yield found.at(f"{name}.s3.{region}.{api.dns_suffix}", _PORT, claim)


def _denies_plaintext(text: str) -> bool:
    """Whether a statement denies everybody what comes without TLS."""
    try:
        statements: Any = json.loads(text).get("Statement", ())
    except (ValueError, AttributeError):
        return False
    listed = statements if isinstance(statements, list) else [statements]
    return any(_is_denial(one) for one in listed if isinstance(one, dict))


def _is_denial(statement: dict[str, Any]) -> bool:
    if statement.get("Effect") != "Deny" or statement.get("Principal") not in ("*", {"AWS": "*"}):
        return False
    for operator, condition in (statement.get("Condition") or {}).items():
        if operator.lower().startswith("bool") and isinstance(condition, dict):
            values = {key.lower(): value for key, value in condition.items()}
            if str(values.get("aws:securetransport", "")).lower() in ("false", "['false']"):
                return True
    return False
