"""What AWS declares of the planted resources: rows of the model server, and moto for ACM and MemoryDB.

None of this is the truth of a server, and nothing is read that moto makes up (``test_moto.py``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import botocore.session

from tests.discovery.aws.account import (
    S3_ORIGINS,
    cache_group,
    distribution,
    distributions,
    instance,
    parameters,
    search_domain,
)
from tests.discovery.aws.planted import ALIAS, ECDSA_CERTIFICATE, MUTUAL_TLS, PLANTED, Planted, slug
from tests.discovery.aws.planted_sites import GCM, TLS13_SUITES, Ports
from tests.discovery.aws.reading import ACCOUNT, REGION
from tests.discovery.aws.test_load_balancers import BALANCER, balancer, listener
from tests.support.aws_server import AwsServer, Call, Row
from tests.zoo.certificates import Certificates

_POLICY: Final = "ELBSecurityPolicy-TLS13-1-2-2021-06"
_STORE: Final = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:truststore/clients/1"
_ECDSA_SUITE: Final = "ECDHE-ECDSA-AES128-GCM-SHA256"
_ENCRYPTED: Final = f"arn:aws:rds:{REGION}:{ACCOUNT}"
SERVICES: Final = (
    "elbv2",
    "elb",
    "cloudfront",
    "apigateway",
    "opensearch",
    "elasticache",
    "rds",
    "redshift",
    "iot",
    "transfer",
)


def declare(aws: AwsServer, certificates: Certificates, ports: Sequence[Ports]) -> None:
    """Declares all resources, whose servers have these ports."""
    arns = {
        name: _client(aws, "acm").import_certificate(
            Certificate=identity.leaf_file.read_bytes(), PrivateKey=identity.key_file.read_bytes()
        )["CertificateArn"]
        for name, identity in (("rsa", certificates.rsa), ("ecdsa", certificates.ecdsa))
    }
    for at, _ in _all("memorydb"):
        _client(aws, "memorydb").create_cluster(
            ClusterName=slug(at), NodeType="db.t4g.small", ACLName="open-access", TLSEnabled=True
        )
    aws.answers |= {
        **_load_balancers(arns, ports),
        **_classic(arns["rsa"], ports),
        **_cloudfront(arns["rsa"]),
        **_api_gateway(arns["rsa"]),
        **_opensearch(arns["rsa"]),
        **_caches(),
        **_databases(),
        **_iot_and_transfer(),
    }


def _client(aws: AwsServer, service: str) -> Any:
    session = botocore.session.Session()
    return session.create_client(service, region_name=REGION, endpoint_url=aws.url)


def _all(kind: str) -> Iterator[tuple[int, Planted]]:
    return ((at, one) for at, one in enumerate(PLANTED) if one.kind == kind)


def _load_balancers(
    arns: Mapping[str, str], ports: Sequence[Ports]
) -> Mapping[tuple[str, str], Any]:
    balancers = {f"{BALANCER}{at:02}": (at, one) for at, one in _all("elbv2")}

    def listeners(call: Call) -> Row:
        arn = call.form["LoadBalancerArn"]
        at, one = balancers[arn]
        redirect = {"Protocol": "HTTPS", "Port": str(ports[at].tls), "StatusCode": "HTTP_301"}
        verify = {"Mode": "verify", "TrustStoreArn": _STORE}
        https: dict[str, Any] = {
            "SslPolicy": _POLICY,
            "Certificates": [
                {"CertificateArn": arns["ecdsa" if one.declares == ECDSA_CERTIFICATE else "rsa"]}
            ],
            "MutualAuthentication": verify if one.declares == MUTUAL_TLS else {"Mode": "off"},
        }
        action = {"Type": "redirect", "RedirectConfig": redirect}
        http = {"ListenerArn": f"{arn}/http", "DefaultActions": [action]}
        return {
            "Listeners": [
                listener(ports[at].tls, ListenerArn=f"{arn}/tls", **https),
                listener(ports[at].http, "HTTP", **http),
            ]
        }

    suites = (*TLS13_SUITES, *GCM, _ECDSA_SUITE)
    policy = {
        "Name": _POLICY,
        "SslProtocols": ["TLSv1.2", "TLSv1.3"],
        "Ciphers": [{"Name": name, "Priority": at} for at, name in enumerate(suites)],
    }
    listed = [
        balancer(LoadBalancerArn=arn, DNSName=f"{slug(at)}.eu-west-1.elb.amazonaws.com")
        for arn, (at, _) in balancers.items()
    ]
    return {
        ("elbv2", "DescribeLoadBalancers"): {"LoadBalancers": listed},
        ("elbv2", "DescribeTags"): {"TagDescriptions": []},
        ("elbv2", "DescribeSSLPolicies"): {"SslPolicies": [policy]},
        ("elbv2", "DescribeListeners"): listeners,
    }


def _classic(arn: str, ports: Sequence[Ports]) -> Mapping[tuple[str, str], Any]:
    attributes = {"Protocol-TLSv1.1": "false", "Protocol-TLSv1.2": "true"}
    attributes |= {"Server-Defined-Cipher-Order": "true"} | dict.fromkeys(GCM, "true")
    policy = {
        "PolicyName": "tls",
        "PolicyTypeName": "SSLNegotiationPolicyType",
        "PolicyAttributeDescriptions": [
            {"AttributeName": name, "AttributeValue": value} for name, value in attributes.items()
        ],
    }
    listed = [
        {
            "LoadBalancerName": slug(at),
            "DNSName": f"{slug(at)}.eu-west-1.elb.amazonaws.com",
            "ListenerDescriptions": [
                {
                    "Listener": {
                        "Protocol": "HTTPS",
                        "LoadBalancerPort": ports[at].tls,
                        "InstancePort": 80,
                        "SSLCertificateId": arn,
                    },
                    "PolicyNames": ["tls"],
                }
            ],
        }
        for at, _ in _all("elb")
    ]
    return {
        ("elb", "DescribeLoadBalancers"): {"LoadBalancerDescriptions": listed},
        ("elb", "DescribeLoadBalancerPolicies"): {"PolicyDescriptions": [policy]},
    }


def _cloudfront(arn: str) -> Mapping[tuple[str, str], Any]:
    own = {
        "ACMCertificateArn": arn,
        "MinimumProtocolVersion": "TLSv1.2_2021",
        "SSLSupportMethod": "sni-only",
    }

    def described(at: int, one: Planted) -> dict[str, Any]:
        names = [f"www.{slug(at)}.example.com"] if ALIAS in one.declares else []
        viewer = own if names else {"CloudFrontDefaultCertificate": True}
        required = {"ViewerMtlsConfig": {"Mode": "required"}} if MUTUAL_TLS in one.declares else {}
        return distribution(
            Id=slug(at),
            ARN=f"arn:aws:cloudfront::{ACCOUNT}:distribution/{slug(at)}",
            DomainName=f"{slug(at)}.cloudfront.net",
            Aliases={"Quantity": len(names), "Items": names},
            ViewerCertificate=viewer,
            Origins=S3_ORIGINS,
            **required,
        )

    found = [described(at, one) for at, one in _all("cloudfront")]
    return {("cloudfront", "ListDistributions"): distributions(*found)}


def _api_gateway(arn: str) -> Mapping[tuple[str, str], Any]:
    def described(at: int, one: Planted) -> dict[str, Any]:
        store = {"truststoreUri": "s3://bucket/clients.pem"}
        return {
            "domainName": f"{slug(at)}.example.com",
            "securityPolicy": "TLS_1_2",
            "regionalCertificateArn": arn,
            **({"mutualTlsAuthentication": store} if one.declares == MUTUAL_TLS else {}),
        }

    found = [described(at, one) for at, one in _all("apigateway")]
    return {
        ("apigateway", "GetDomainNames"): {"items": found},
        ("apigateway", "GetRestApis"): {"items": []},
        ("apigatewayv2", "GetDomainNames"): {"Items": []},
        ("apigatewayv2", "GetApis"): {"Items": []},
    }


def _opensearch(arn: str) -> Mapping[tuple[str, str], Any]:
    def described(at: int, one: Planted) -> dict[str, Any]:
        custom = {
            "CustomEndpointEnabled": True,
            "CustomEndpoint": f"{slug(at)}.example.com",
            "CustomEndpointCertificateArn": arn,
        }
        options = {"EnforceHTTPS": True, "TLSSecurityPolicy": "Policy-Min-TLS-1-2-2019-07"}
        found = search_domain(**options, **(custom if one.declares == ALIAS else {}))
        host = f"search-{slug(at)}.eu-west-1.es.amazonaws.com"
        return found | {"DomainName": slug(at), "ARN": f"{found['ARN']}-{at}", "Endpoint": host}

    found = [described(at, one) for at, one in _all("opensearch")]
    names = [{"DomainName": one["DomainName"]} for one in found]
    return {
        ("opensearch", "ListDomainNames"): {"DomainNames": names},
        ("opensearch", "DescribeDomains"): {"DomainStatusList": found},
    }


def _caches() -> Mapping[tuple[str, str], Any]:
    def endpoint(at: int) -> dict[str, Any]:
        return {"Address": f"{slug(at)}.cache.amazonaws.com", "Port": 6379}

    groups = [
        cache_group(
            ReplicationGroupId=slug(at),
            ARN=f"arn:aws:elasticache:{REGION}:{ACCOUNT}:replicationgroup:{slug(at)}",
            NodeGroups=[{"PrimaryEndpoint": endpoint(at)}],
        )
        for at, _ in _all("replication_group")
    ]
    serverless = [
        {
            "ServerlessCacheName": slug(at),
            "ARN": f"arn:aws:elasticache:{REGION}:{ACCOUNT}:serverlesscache:{slug(at)}",
            "Endpoint": endpoint(at),
        }
        for at, _ in _all("serverless_cache")
    ]
    return {
        ("elasticache", "DescribeReplicationGroups"): {"ReplicationGroups": groups},
        ("elasticache", "DescribeServerlessCaches"): {"ServerlessCaches": serverless},
    }


def _databases() -> Mapping[tuple[str, str], Any]:
    instances = [
        instance(
            DBInstanceIdentifier=slug(at),
            DBInstanceArn=f"{_ENCRYPTED}:db:{slug(at)}",
            Endpoint={"Address": f"{slug(at)}.rds.amazonaws.com", "Port": 5432},
        )
        for at, _ in _all("db_instance")
    ]
    proxies = [
        {
            "DBProxyName": slug(at),
            "DBProxyArn": f"{_ENCRYPTED}:db-proxy:{slug(at)}",
            "EngineFamily": "POSTGRESQL",
            "Endpoint": f"{slug(at)}.proxy.rds.amazonaws.com",
            "RequireTLS": True,
        }
        for at, _ in _all("db_proxy")
    ]
    warehouses = [
        {
            "ClusterIdentifier": slug(at),
            "Endpoint": {"Address": f"{slug(at)}.redshift.amazonaws.com", "Port": 5439},
            "ClusterParameterGroups": [{"ParameterGroupName": "group"}],
        }
        for at, _ in _all("redshift")
    ]
    return {
        ("rds", "DescribeDBInstances"): {"DBInstances": instances},
        ("rds", "DescribeDBClusters"): {"DBClusters": []},
        ("rds", "DescribeDBProxies"): {"DBProxies": proxies},
        ("rds", "DescribeDBParameters"): parameters(rds__force_ssl="1"),
        ("redshift", "DescribeClusters"): {"Clusters": warehouses},
        ("redshift", "DescribeClusterParameters"): parameters(require_ssl="true"),
    }


def _iot_and_transfer() -> Mapping[tuple[str, str], Any]:
    devices = [
        {
            "domainConfigurationName": slug(at),
            "domainConfigurationArn": f"arn:aws:iot:{REGION}:{ACCOUNT}:domainconfiguration/{at}",
            "domainName": f"{slug(at)}.example.com",
            "domainConfigurationStatus": "ENABLED",
            "tlsConfig": {"securityPolicy": "IoTSecurityPolicy_TLS13_1_2_2022_10"},
        }
        for at, _ in _all("iot")
    ]
    names = [{"domainConfigurationName": one["domainConfigurationName"]} for one in devices]
    servers = [
        {
            "Arn": f"arn:aws:transfer:{REGION}:{ACCOUNT}:server/{slug(at)}",
            # The model wants s- and 17 hexadecimal digits.
            "ServerId": f"s-{at:017}",
            "Protocols": ["FTPS"],
            "SecurityPolicyName": f"policy-{at}",
        }
        for at, _ in _all("transfer")
    ]
    listed = [{name: one[name] for name in ("Arn", "ServerId")} for one in servers]
    policies = [
        {"SecurityPolicyName": f"policy-{at}", "TlsCiphers": _declared_suites(one)}
        for at, one in _all("transfer")
    ]
    return {
        ("iot", "DescribeEndpoint"): {},
        ("iot", "ListDomainConfigurations"): {"domainConfigurations": names},
        ("iot", "DescribeDomainConfiguration"): devices,
        ("transfer", "ListServers"): {"Servers": listed},
        ("transfer", "DescribeServer"): [{"Server": one} for one in servers],
        ("transfer", "DescribeSecurityPolicy"): [{"SecurityPolicy": one} for one in policies],
    }


def _declared_suites(one: Planted) -> list[str]:
    return [*TLS13_SUITES, *(GCM[1:] if one.declares else GCM)]
