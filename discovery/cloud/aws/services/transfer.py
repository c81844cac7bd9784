"""AWS Transfer Family: servers of FTPS, with the suites of their security policy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from discovery.cloud.aws.api import AwsApi
from discovery.cloud.aws.resource import Resource, tags_of
from discovery.cloud.tls_rules import only_suites
from discovery.found import Location
from model.claims import Claim, ClaimedRule

_FTP: Final = 21


def read_transfer(api: AwsApi) -> Iterator[Location]:
    """The servers with FTPS: it starts as FTP at port 21."""
    policies: dict[str, tuple[ClaimedRule, ...]] = {}
    for listed in api.each("transfer.ListServers"):
        answer = api.one("transfer.DescribeServer", ServerId=listed["ServerId"])
        server = (answer or {}).get("Server") or {}
        if "FTPS" not in server.get("Protocols", ()):
            continue
        found = Resource(
            api=api,
            kind="transfer_server",
            name=server["ServerId"],
            arn=server["Arn"],
            tags=tags_of(server.get("Tags")),
        )
        host = f"{found.name}.server.transfer.{api.region}.{api.dns_suffix}"
        policy = server.get("SecurityPolicyName", "")
        if policy and policy not in policies:
            policies[policy] = _policy_rules(api, policy)
        yield found.at(host, _FTP, _policy_claim(found, policy, policies), protocol="ftp")


def _policy_rules(api: AwsApi, name: str) -> tuple[ClaimedRule, ...]:
    answer = api.one("transfer.DescribeSecurityPolicy", SecurityPolicyName=name) or {}
    return only_suites((answer.get("SecurityPolicy") or {}).get("TlsCiphers", ()))


def _policy_claim(
    found: Resource, name: str, policies: Mapping[str, tuple[ClaimedRule, ...]]
) -> Claim | None:
    if not name:
        return None
    rules = policies[name]
    unknown = "" if rules else f"DescribeSecurityPolicy does not say what {name} allows"
    said = f"server {found.name} uses the security policy {name}"
    return found.claim("transfer_security_policy", said, "DescribeServer", rules, unknown)
