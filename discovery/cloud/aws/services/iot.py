"""AWS IoT Core: the account's data endpoint, and the domain configurations with their security policies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from discovery.cloud.aws.api import AwsApi
from discovery.cloud.aws.resource import Resource
from discovery.cloud.tls_rules import offers, since
from discovery.found import Location
from model.claims import Claim
from model.protocol_version import ProtocolVersion

_MQTT: Final = 8883
_DESCRIBE: Final = "DescribeDomainConfiguration"
_POLICIES: Final = {
    "IoTSecurityPolicy_TLS13_1_3_": since(ProtocolVersion.TLSV1_3),
    "IoTSecurityPolicy_TLS13_1_2_": since(ProtocolVersion.TLSV1_2),
    "IoTSecurityPolicy_TLS12_1_2_": (ProtocolVersion.TLSV1_2,),
    "IoTSecurityPolicy_TLS12_1_0_": (
        ProtocolVersion.TLSV1_0,
        ProtocolVersion.TLSV1_1,
        ProtocolVersion.TLSV1_2,
    ),
}


def read_iot(api: AwsApi) -> Iterator[Location]:
    """MQTT of the data endpoint, and of each domain configuration that is enabled."""
    answer = api.one("iot.DescribeEndpoint", endpointType="iot:Data-ATS")
    if answer and answer.get("endpointAddress"):
        host = answer["endpointAddress"]
        found = Resource(
            api=api, kind="iot_endpoint", name=host, arn=api.arn("iot", "endpoint/iot:Data-ATS")
        )
        yield found.at(host, _MQTT, protocol="mqtts")
    for listed in api.each("iot.ListDomainConfigurations"):
        name = listed["domainConfigurationName"]
        one = api.one("iot.DescribeDomainConfiguration", domainConfigurationName=name)
        if one and one.get("domainName") and one.get("domainConfigurationStatus") == "ENABLED":
            found = Resource(
                api=api,
                kind="iot_domain_configuration",
                name=name,
                arn=one["domainConfigurationArn"],
            )
            claim = _policy_claim(found, one.get("tlsConfig") or {})
            yield found.at(one["domainName"], _MQTT, claim, protocol="mqtts")


def _policy_claim(found: Resource, tls: Mapping[str, Any]) -> Claim | None:
    name = tls.get("securityPolicy")
    if not name:
        return None
    versions = next((one for start, one in _POLICIES.items() if name.startswith(start)), ())
    said = f"domain configuration {found.name} uses the security policy {name}"
    unknown = "" if versions else f"tlsprobe does not know what {name} allows"
    rules = offers(versions) if versions else ()
    return found.claim("iot_security_policy", said, _DESCRIBE, rules, unknown)
