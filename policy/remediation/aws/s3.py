"""S3, by CLI, Terraform and CloudFormation: the policy of a bucket denies requests without TLS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Final

from policy.remediation.aws.resources import in_command
from policy.remediation.demands import Demands
from policy.remediation.setting import ServerKind, Setting, Topic

_ARN: Final = "arn:aws:s3:::$BUCKET"


def _settings(demands: Demands) -> Iterator[Setting]:
    yield Setting(
        topic=Topic.PLAINTEXT,
        place="by the AWS CLI, or in Terraform or CloudFormation",
        lines=tuple(_plaintext(demands.resource)),
    )


def _plaintext(arn: str | None) -> Iterator[str]:
    name = None if arn is None else arn.rpartition(":")[2]
    bucket = in_command(name, "BUCKET")
    statement = json.dumps(denial(arn or _ARN))
    yield (
        f"aws s3api get-bucket-policy --bucket {bucket} --query Policy --output text > policy.json "
        '|| echo \'{"Version": "2012-10-17", "Statement": []}\' > policy.json'
    )
    yield f"jq '.Statement += [{statement}]' policy.json > changed.json"
    yield f"aws s3api put-bucket-policy --bucket {bucket} --policy file://changed.json"
    yield "# Terraform, in policy of aws_s3_bucket_policy, and CloudFormation, in PolicyDocument of AWS::S3::BucketPolicy:"
    yield statement
    yield "# Every client that uses http:// is refused, those of other accounts and websites of S3 too."


def denial(arn: str) -> dict[str, object]:
    """The statement that denies requests without TLS to a bucket and its objects."""
    return {
        "Sid": "DenyRequestsWithoutTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, f"{arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


S3_BUCKET: Final = ServerKind(
    name="S3 bucket", aliases=("s3",), write=_settings, banners=("amazons3",), arns=("s3:",)
)
