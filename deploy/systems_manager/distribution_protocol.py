"""Sets the minimum protocol of a distribution of CloudFront, by Systems Manager."""

from __future__ import annotations

from collections.abc import Mapping

import boto3


def handler(events: Mapping[str, str], context: object) -> dict[str, str]:
    """Change the distribution unless ``DryRun`` is true; the result has the protocol before and after.

    CloudFront refuses the change if somebody else has changed the distribution since it was read.

    Raises:
        ValueError: if it has CloudFront's certificate, whose minimum protocol is fixed.
    """
    del context
    key, wanted = events["DistributionId"], events["MinimumProtocolVersion"]
    cloudfront = boto3.client("cloudfront")
    read = cloudfront.get_distribution(Id=key)
    configuration = read["Distribution"]["DistributionConfig"]
    certificate = configuration["ViewerCertificate"]
    if certificate.get("CloudFrontDefaultCertificate"):
        raise ValueError(f"{key} has CloudFront's certificate: give it a certificate of your own")
    before = certificate["MinimumProtocolVersion"]
    done = "nothing to change"
    if before != wanted:
        done = "would be changed: run again with DryRun false"
        if events["DryRun"] == "false":
            changed = {**certificate, "MinimumProtocolVersion": wanted}
            cloudfront.update_distribution(
                Id=key,
                IfMatch=read["ETag"],
                DistributionConfig={**configuration, "ViewerCertificate": changed},
            )
            done = "changed"
    return {"Before": before, "After": wanted, "Done": done}
