"""The smallest example of each resource of a cloud, as docs/contribute/how-do-i-add.md describes it."""

from __future__ import annotations

from typing import Final

from tests.additions.addition import Addition, Line, imported

AWS_RESOURCE: Final = Addition(
    kind="resource of AWS",
    files={
        "discovery/cloud/aws/services/lightsail.py": '''
from collections.abc import Iterator

from discovery.cloud.aws.api import AwsApi
from discovery.cloud.aws.resource import Resource
from discovery.found import Location


def read_lightsail(api: AwsApi) -> Iterator[Location]:
    """The load balancers."""
    for one in api.each("lightsail.GetLoadBalancers"):
        found = Resource(api=api, kind="lightsail", name=one["name"], arn=one["arn"])
        yield found.at(one["dnsName"], 443)
'''
    },
    lines=(
        imported(
            "discovery/cloud/aws/families.py",
            "from discovery.cloud.aws.services.lightsail import read_lightsail",
        ),
        Line(
            path="discovery/cloud/aws/families.py",
            after="    {",
            text='        "lightsail": read_lightsail,',
        ),
        Line(
            path="discovery/cloud/aws/scope.py",
            after="USUAL_SERVICES: Final",
            text='    "lightsail",',
        ),
        Line(
            path="discovery/cloud/aws/operations.py",
            after="_ALL: Final",
            text='    _found("lightsail", "GetLoadBalancers", "lightsail:GetLoadBalancers", "loadBalancers"),',
        ),
    ),
    proof="""
import asyncio, os
from discovery.cloud.aws.operation import Feature
from discovery.cloud.aws.operations import iam_policy
from discovery.cloud.aws.reader import AwsReader
from discovery.cloud.aws.scope import SERVICES, AwsScope
from pki.net_guard.gate import SocketGate
from tests.support.aws_server import aws_server

os.environ |= {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
balancer = {"name": "web", "arn": "arn:aws:lightsail:eu-west-1:1:LoadBalancer/web", "dnsName": "web.example"}
with aws_server() as aws:
    aws.answers["lightsail", "GetLoadBalancers"] = {"loadBalancers": [balancer]}
    scope = AwsScope(services=("lightsail",), regions=("eu-west-1",), endpoint_url=aws.url)
    found = asyncio.run(AwsReader(scope, SocketGate(), "aws").read())
print(found.targets[0].key, "lightsail" in SERVICES)
print("lightsail:GetLoadBalancers" in str(iam_policy([Feature.DISCOVERY])))
""",
    shows="web.example:443 True\nTrue",
)

_ASK: Final = """
import asyncio
from discovery.apis.web import WebApi
from tests.pki.revocation.servers import web_server

async def main():
    async with web_server(FILES) as server:
        found = await READER(WebApi(url=server.url("")), "project", "cloud").read()
    print(*(target.key for target in found.targets))

asyncio.run(main())
"""

GOOGLE_RESOURCE: Final = Addition(
    kind="resource of Google Cloud",
    files={
        "discovery/cloud/google/instances.py": """
from discovery.cloud.google.resource import GoogleResource
from discovery.found import SourceLocation


def _locations(project, instances):
    for one in instances:
        yield SourceLocation(host=one["networkInterfaces"][0]["networkIP"], port=443)


INSTANCES = GoogleResource(
    kind="instances", lists={"instances": "aggregated/instances"}, locations=_locations
)
"""
    },
    lines=(
        imported(
            "discovery/cloud/google/catalogue.py",
            "from discovery.cloud.google.instances import INSTANCES",
        ),
        Line(
            path="discovery/cloud/google/catalogue.py",
            after="RESOURCES: Final",
            text="    INSTANCES,",
        ),
    ),
    proof="""
import json
from discovery.cloud.google.catalogue import RESOURCES
from discovery.cloud.google.reader import GoogleCloudReader as READER

base = "/compute/v1/projects/project"
one = {"selfLink": f"https://host{base}/zones/z/instances/a", "networkInterfaces": [{"networkIP": "192.0.2.5"}]}
FILES = {
    f"{base}/{path}?returnPartialSuccess=true": b'{"kind": "compute#list"}' for kind in RESOURCES for path in kind.lists.values()
} | {f"{base}/aggregated/instances?returnPartialSuccess=true": json.dumps({"kind": "compute#list", "items": {"zones/z": {"instances": [one]}}}).encode()}
"""
    + _ASK,
    shows="192.0.2.5:443",
)

AZURE_RESOURCE: Final = Addition(
    kind="resource of Azure",
    files={
        "discovery/cloud/azure/postgresql.py": """
from discovery.cloud.azure.lists import ListKind
from discovery.cloud.azure.resource import AzureResource
from discovery.found import SourceLocation


def _locations(servers):
    for one in servers:
        yield SourceLocation(
            host=one["properties"]["fullyQualifiedDomainName"], port=5432, protocol="postgres"
        )


_PATH = "Microsoft.DBforPostgreSQL/flexibleServers"
POSTGRESQL = AzureResource(
    lists=(ListKind(path=_PATH, version="2022-12-01", action=f"{_PATH}/read"),),
    locations=_locations,
)
"""
    },
    lines=(
        imported(
            "discovery/cloud/azure/catalogue.py",
            "from discovery.cloud.azure.postgresql import POSTGRESQL",
        ),
        Line(
            path="discovery/cloud/azure/catalogue.py",
            after="RESOURCES: Final",
            text="    POSTGRESQL,",
        ),
    ),
    proof="""
import json
from discovery.cloud.azure.catalogue import RESOURCES
from discovery.cloud.azure.reader import AzureReader as READER

base = "/subscriptions/project/providers"
one = {"properties": {"fullyQualifiedDomainName": "db.postgres.example"}}
FILES = {
    f"{base}/{kind.path}?api-version={kind.version}": b'{"value": []}' for of in RESOURCES for kind in of.lists
} | {
    f"{base}/Microsoft.DBforPostgreSQL/flexibleServers?api-version=2022-12-01": json.dumps({"value": [one]}).encode()
}
"""
    + _ASK,
    shows="db.postgres.example:5432",
)
