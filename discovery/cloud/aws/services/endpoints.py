"""Services whose endpoints AWS runs itself: EKS's API servers, AppSync, and the URLs of Lambda functions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from discovery.cloud.aws.api import AwsApi
from discovery.cloud.aws.resource import Resource
from discovery.found import Location

_PORT: Final = 443


def read_eks(api: AwsApi) -> Iterator[Location]:
    """The API server of each cluster."""
    for name in api.each("eks.ListClusters"):
        answer = api.one("eks.DescribeCluster", name=name)
        cluster = (answer or {}).get("cluster") or {}
        if host := urlsplit(cluster.get("endpoint") or "").hostname:
            found = Resource(
                api=api,
                kind="eks_cluster",
                name=cluster["name"],
                arn=cluster["arn"],
                tags=cluster.get("tags") or {},
            )
            yield found.at(host, _PORT)


def read_appsync(api: AwsApi) -> Iterator[Location]:
    """The GraphQL and real-time endpoints of each API."""
    for one in api.each("appsync.ListGraphqlApis"):
        found = Resource(
            api=api,
            kind="graphql_api",
            name=one["name"],
            arn=one["arn"],
            tags=one.get("tags") or {},
        )
        for url in (one.get("uris") or {}).values():
            if host := urlsplit(url).hostname:
                yield found.at(host, _PORT)


def read_lambda(api: AwsApi) -> Iterator[Location]:
    """The URLs of functions."""
    for function in api.each("lambda.ListFunctions"):
        name = function["FunctionName"]
        for url in api.each("lambda.ListFunctionUrlConfigs", FunctionName=name):
            if host := urlsplit(url.get("FunctionUrl", "")).hostname:
                found = Resource(api=api, kind="lambda_function", name=name, arn=url["FunctionArn"])
                yield found.at(host, _PORT)
