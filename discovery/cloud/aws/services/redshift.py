"""Amazon Redshift: clusters and serverless workgroups, which refuse plaintext by the parameter ``require_ssl``."""

from __future__ import annotations

from collections.abc import Iterator

from discovery.cloud.aws.api import Answer, AwsApi
from discovery.cloud.aws.parameters import ParameterGroups
from discovery.cloud.aws.resource import Resource, tags_of
from discovery.cloud.tls_rules import STARTTLS_ENFORCED
from discovery.found import Location
from model.claims import Claim


def read_redshift(api: AwsApi) -> Iterator[Location]:
    """All clusters and workgroups that have an endpoint."""
    groups = ParameterGroups(api)
    for cluster in api.each("redshift.DescribeClusters"):
        endpoint = cluster.get("Endpoint") or {}
        if endpoint.get("Address"):
            name = cluster["ClusterIdentifier"]
            found = Resource(
                api=api,
                kind="redshift_cluster",
                name=name,
                arn=cluster.get("ClusterNamespaceArn") or api.arn("redshift", f"cluster:{name}"),
                tags=tags_of(cluster.get("Tags")),
            )
            claim = _refuses_plaintext(found, cluster, groups)
            yield found.at(endpoint["Address"], endpoint["Port"], claim, protocol="postgres")
    for workgroup in api.each("redshift-serverless.ListWorkgroups"):
        endpoint = workgroup.get("endpoint") or {}
        if endpoint.get("address"):
            found = Resource(
                api=api,
                kind="redshift_workgroup",
                name=workgroup["workgroupName"],
                arn=workgroup["workgroupArn"],
            )
            claim = _workgroup_refuses_plaintext(found, workgroup)
            yield found.at(endpoint["address"], endpoint["port"], claim, protocol="postgres")


def _refuses_plaintext(found: Resource, cluster: Answer, groups: ParameterGroups) -> Claim | None:
    operation = "DescribeClusterParameters"
    for group in cluster.get("ClusterParameterGroups", ()):
        name = group["ParameterGroupName"]
        values = groups.values(f"redshift.{operation}", "ParameterGroupName", name)
        if values.get("require_ssl") == "true":
            return _claim(found, operation)
    return None


def _workgroup_refuses_plaintext(found: Resource, workgroup: Answer) -> Claim | None:
    values = {
        one.get("parameterKey"): one.get("parameterValue")
        for one in workgroup.get("configParameters", ())
    }
    return _claim(found, "ListWorkgroups") if values.get("require_ssl") == "true" else None


def _claim(found: Resource, operation: str) -> Claim:
    said = f"{found.name} refuses plaintext (require_ssl is true)"
    return found.claim("redshift_plaintext_refused", said, operation, STARTTLS_ENFORCED)
