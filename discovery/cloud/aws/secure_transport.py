"""Proves that a bucket's policy refuses requests without TLS: one signed HEAD over HTTP, and one over HTTPS.

The first crosses the network in plaintext: it has the bucket's name, a signature and a session token, and no
secret key. S3 answers 403 to all anonymous requests, so that only a permitted role shows what the policy refuses.
"""

from __future__ import annotations

from typing import Final

from botocore.exceptions import ClientError

from discovery.cloud.aws.sessions import FAILURES, AwsSession, failure_text
from model.claims import SourceProof
from model.verdict import Verdict

_HEAD: Final = "HeadBucket"
_OK: Final = "200"
_REFUSED: Final = "403"
_ROLE: Final = "s3_probe_role_arn must have s3:ListBucket on the bucket"


def prove(prober: AwsSession, bucket: str, region: str) -> SourceProof:
    """Whether S3 refuses over HTTP what it permits over HTTPS; ``prober`` is the session of the probe role."""
    over_http = _answer(prober, bucket, region, has_tls=False)
    over_https = _answer(prober, bucket, region, has_tls=True)
    seen = f"signed HEAD over HTTP: {over_http}; over HTTPS: {over_https}"
    if over_http == _OK:
        return SourceProof(verdict=Verdict.NO, observed=seen)
    if over_http == _REFUSED and over_https == _OK:
        return SourceProof(verdict=Verdict.YES, observed=seen)
    hint = f" ({_ROLE})" if over_https == _REFUSED else ""
    return SourceProof(verdict=Verdict.UNKNOWN, observed=f"{seen}{hint}")


def _answer(prober: AwsSession, bucket: str, region: str, *, has_tls: bool) -> str:
    """The status of S3's answer; or why there is none."""
    try:
        client = prober.client("s3", region, has_tls=has_tls)
        found = client.head_bucket(Bucket=bucket)["ResponseMetadata"]
    except ClientError as error:
        if error.operation_name != _HEAD:
            return failure_text(error)
        found = error.response["ResponseMetadata"]
    except FAILURES as error:
        return failure_text(error)
    # An answer to HEAD has no body that could show whose it is.
    if "x-amz-request-id" not in found["HTTPHeaders"]:
        return f"{found['HTTPStatusCode']}, not from S3"
    return str(found["HTTPStatusCode"])
