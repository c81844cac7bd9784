"""Sets the security policy of a listener of an Application or Network Load Balancer, by Systems Manager."""

from __future__ import annotations

from collections.abc import Mapping

import boto3


def handler(events: Mapping[str, str], context: object) -> dict[str, str]:
    """Change the listener unless ``DryRun`` is true; the result has the policy before and after.

    Raises:
        ValueError: if it has no security policy.
    """
    del context
    arn, wanted = events["ListenerArn"], events["SslPolicy"]
    elbv2 = boto3.client("elbv2")
    (listener,) = elbv2.describe_listeners(ListenerArns=[arn])["Listeners"]
    if listener["Protocol"] not in ("HTTPS", "TLS"):
        raise ValueError(f"{arn} is a listener for {listener['Protocol']}: it has no TLS")
    before = listener["SslPolicy"]
    done = "nothing to change"
    if before != wanted:
        done = "would be changed: run again with DryRun false"
        if events["DryRun"] == "false":
            elbv2.modify_listener(ListenerArn=arn, SslPolicy=wanted)
            done = "changed"
    return {"Before": before, "After": wanted, "Done": done}
