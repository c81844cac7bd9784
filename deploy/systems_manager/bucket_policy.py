"""Makes the policy of a bucket deny requests without TLS, by Systems Manager; its other statements stay."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import ClientError


def handler(events: Mapping[str, Any], context: object) -> dict[str, str]:
    """Add ``Statement`` to the policy unless ``DryRun`` is true; the result has the policy before and after."""
    del context
    s3 = boto3.client("s3")
    place = {"Bucket": events["BucketName"], "ExpectedBucketOwner": events["AccountId"]}
    before = _policy(s3, place)
    policy = json.loads(before) if before else {"Version": "2012-10-17", "Statement": []}
    found = policy["Statement"]
    statements = list(found) if isinstance(found, list) else [found]
    wanted = events["Statement"]
    done, after = "nothing to change", before
    if wanted not in statements:
        after = json.dumps({**policy, "Statement": [*statements, wanted]})
        done = "would be changed: run again with DryRun false"
        if events["DryRun"] == "false":
            s3.put_bucket_policy(**place, Policy=after)
            done = "changed"
    return {"Before": before, "After": after, "Done": done}


def _policy(s3: Any, place: Mapping[str, str]) -> str:
    """The policy of the bucket as JSON; empty if it has none."""
    try:
        return str(s3.get_bucket_policy(**place)["Policy"])
    except ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchBucketPolicy":
            return ""
        raise
