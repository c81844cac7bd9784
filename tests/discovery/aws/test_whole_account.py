"""One resource of every family: its targets, its claims, and the permissions that reading it takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from discovery.cloud.aws.families import FAMILIES
from discovery.cloud.aws.operation import SOURCE_FEATURES, Feature
from discovery.cloud.aws.operations import OPERATIONS, iam_policy
from discovery.cloud.aws.scope import SERVICES
from discovery.source import SourceReading
from tests.discovery.aws.account import (
    S3_ORIGINS,
    cache_group,
    cluster,
    dax_cluster,
    distribution,
    distributions,
    instance,
    kafka_cluster,
    parameters,
    search_domain,
    whole_account,
    workgroup,
)
from tests.discovery.aws.network_answers import without_endpoints
from tests.discovery.aws.reading import claimed, read, rules
from tests.support.aws_server import AwsServer


@pytest.fixture
def account(aws: AwsServer, pem: str) -> AwsServer:
    aws.answers |= {**whole_account(pem), **without_endpoints()}
    return aws


def keys(found: SourceReading) -> dict[str, set[str]]:
    return {target.key: claimed(target) for target in found.targets}


def test_every_service_of_the_configuration_has_a_reader() -> None:
    assert tuple(FAMILIES) == SERVICES


async def test_every_resource_yields_its_targets_with_its_claims(account: AwsServer) -> None:
    found = await read(account, *SERVICES, regions=("all",))
    assert found.skipped == ()
    rest = {key: names for key, names in keys(found).items() if "memorydb" not in key}
    assert rest == {
        "web-1.eu-west-1.elb.amazonaws.com:443": {"elb_certificate"},
        "web-1.eu-west-1.elb.amazonaws.com:444": {"elb_certificate"},
        "old-1.eu-west-1.elb.amazonaws.com:993": set(),
        "d111111abcdef8.cloudfront.net:443": {"cloudfront_https_redirect"},
        "origin.example.com:443": {"cloudfront_origin_tls"},
        "www.example.com:443": {
            "cloudfront_certificate",
            "cloudfront_https_redirect",
            "cloudfront_security_policy",
        },
        "api.example.com:443": {"api_gateway_security_policy"},
        "v2.example.com:443": set(),
        "a1b2c3.execute-api.eu-west-1.amazonaws.com:443": set(),
        "d4e5f6.execute-api.eu-west-1.amazonaws.com:443": set(),
        "orders.abc.eu-west-1.rds.amazonaws.com:5432": {"rds_plaintext_refused"},
        "ledger.cluster-abc.eu-west-1.rds.amazonaws.com:3306": {"rds_plaintext_refused"},
        "front.proxy-abc.eu-west-1.rds.amazonaws.com:5432": {"rds_plaintext_refused"},
        "warehouse.abc.redshift.amazonaws.com:5439": {"redshift_plaintext_refused"},
        "reports.redshift-serverless.amazonaws.com:5439": {"redshift_plaintext_refused"},
        "prices.dax-clusters.amazonaws.com:9111": {"dax_encryption_in_transit"},
        "first.eu-west-1.aoss.amazonaws.com:443": set(),
        "b-1.mq.eu-west-1.amazonaws.com:61617": set(),
        "amqps://b-1.mq.eu-west-1.amazonaws.com:5671": set(),
        "mqtts://b-1.mq.eu-west-1.amazonaws.com:8883": set(),
        "redis://sessions.abc.cache.amazonaws.com:6379": {"cache_plaintext_refused"},
        "redis://carts.serverless.cache.amazonaws.com:6379": {"cache_plaintext_refused"},
        "search-logs-abc.eu-west-1.es.amazonaws.com:443": {
            "opensearch_https_required",
            "opensearch_security_policy",
        },
        "kafka://b-1.kafka.amazonaws.com:9094": {"kafka_plaintext_refused"},
        "kafka://b-2.kafka.amazonaws.com:9094": {"kafka_plaintext_refused"},
        "invoices.s3.eu-west-1.amazonaws.com:443": {"s3_secure_transport"},
        "abc.gr7.eu-west-1.eks.amazonaws.com:443": set(),
        "shop.appsync-api.eu-west-1.amazonaws.com:443": set(),
        "hook.lambda-url.eu-west-1.on.aws:443": set(),
        "mqtts://abc-ats.iot.eu-west-1.amazonaws.com:8883": set(),
        "mqtts://devices.example.com:8883": {"iot_security_policy"},
        "s-01234567890abcdef.server.transfer.eu-west-1.amazonaws.com:21": {
            "transfer_security_policy"
        },
        "vpce-1.kms.eu-west-1.vpce.amazonaws.com:443": set(),
        "openvpn-udp://tlsprobe.cvpn-endpoint-1.prod.clientvpn.eu-west-1.amazonaws.com:443": {
            "client_vpn_transport",
            "client_vpn_certificate",
        },
    }
    assert sorted({one.claim.name for one in found.resource_claims}) == [
        "acm_certificate",
        "acm_renewal",
        "acm_renewal_fails",
        "direct_connect_macsec",
        "vpc_encryption_controls",
        "vpn_tunnel_options",
    ]


async def test_the_iam_policy_allows_the_operations_that_are_called_and_no_others(
    account: AwsServer,
) -> None:
    """memorydb speaks CBOR, which only moto answers here."""
    await read(account, *SERVICES, regions=("all",))
    await read(account, "s3", organization=True, role_arn="arn:aws:iam::{account}:role/tlsprobe")
    called = {OPERATIONS[f"{one.service}.{one.operation}"].action for one in account.calls}
    allowed = {
        action
        for statement in iam_policy({*SOURCE_FEATURES, Feature.ORGANIZATION})["Statement"]
        for action in statement["Action"]
    }
    assert allowed - called == {"memorydb:DescribeClusters"}
    assert called <= allowed


def test_the_policy_for_discovery_has_no_action_for_claims() -> None:
    text = json.dumps(iam_policy({Feature.DISCOVERY}))
    assert "elasticloadbalancing:DescribeListeners" in text
    assert "acm:GetCertificate" not in text


def test_every_action_only_reads_but_for_those_of_the_feeds() -> None:
    writing = {
        operation.action
        for operation in OPERATIONS.values()
        if not operation.action.partition(":")[2].startswith(
            ("BatchGet", "Decrypt", "Describe", "Get", "List", "Lookup", "GET")
        )
    }
    assert writing == {
        "securityhub:BatchImportFindings",
        "securityhub:BatchUpdateFindings",
        # They change the queue of calls that the feed of CloudTrail is.
        "sqs:ReceiveMessage",
        "sqs:DeleteMessage",
    }


async def test_a_distribution_with_the_certificate_of_cloudfront_has_its_policy_at_that_name(
    aws: AwsServer,
) -> None:
    viewer = {"CloudFrontDefaultCertificate": True, "MinimumProtocolVersion": "TLSv1"}
    found = distribution(ViewerCertificate=viewer, Aliases={"Quantity": 0}, Origins=S3_ORIGINS)
    aws.answers["cloudfront", "ListDistributions"] = distributions(found)
    (target,) = (await read(aws, "cloudfront")).targets
    said = rules(target, "cloudfront_security_policy")
    assert said["protocol_versions"] == {"allowed": ["TLSv1.0", "TLSv1.1", "TLSv1.2", "TLSv1.3"]}


async def test_a_disabled_distribution_has_no_target_and_a_wildcard_alias_is_skipped(
    aws: AwsServer,
) -> None:
    alias = {"Quantity": 1, "Items": ["*.example.com"]}
    aws.answers["cloudfront", "ListDistributions"] = distributions(
        distribution(Enabled=False), distribution(Id="E2", Aliases=alias, Origins=S3_ORIGINS)
    )
    found = await read(aws, "cloudfront")
    assert [target.host for target in found.targets] == ["d111111abcdef8.cloudfront.net"]
    assert "*.example.com" in found.skipped[0].problem


@pytest.mark.parametrize(
    ("engine", "values", "expected"),
    [
        ("postgres", parameters(rds__force_ssl="1"), {"starttls_enforced": {}}),
        ("postgres", parameters(rds__force_ssl="0"), None),
        ("mysql", parameters(require_secure_transport="ON"), {"starttls_enforced": {}}),
        ("mariadb", parameters(require_secure_transport="0"), None),
        ("sqlserver-ex", parameters(rds__force_ssl="1"), {"starttls_enforced": {}}),
        ("mysql", parameters(), None),
    ],
)
async def test_a_database_refuses_plaintext_where_its_parameter_says_so(
    aws: AwsServer, engine: str, values: dict[str, object], expected: object
) -> None:
    aws.answers |= {
        ("rds", "DescribeDBInstances"): {"DBInstances": [instance(engine)]},
        ("rds", "DescribeDBClusters"): {"DBClusters": []},
        ("rds", "DescribeDBProxies"): {"DBProxies": []},
        ("rds", "DescribeDBParameters"): values,
    }
    (target,) = (await read(aws, "rds")).targets
    found = rules(target, "rds_plaintext_refused") if target.claims else None
    assert found == expected


@pytest.mark.parametrize(
    ("tls", "versions"),
    [
        ("enabled", None),
        ("tls1.2+", ["TLSv1.2", "TLSv1.3"]),
        ("tls1.3+", ["TLSv1.3"]),
    ],
)
async def test_documentdb_says_its_least_version(
    aws: AwsServer, tls: str, versions: object
) -> None:
    aws.answers |= {
        ("rds", "DescribeDBInstances"): {"DBInstances": []},
        ("rds", "DescribeDBClusters"): {"DBClusters": [cluster("docdb", Port=27017)]},
        ("rds", "DescribeDBProxies"): {"DBProxies": []},
        ("rds", "DescribeDBClusterParameters"): parameters(tls=tls),
    }
    (target,) = (await read(aws, "rds")).targets
    said = rules(target, "rds_plaintext_refused")
    assert (target.protocol, said.get("protocol_versions", {}).get("allowed")) == (
        "mongodb",
        versions,
    )


async def test_an_engine_without_a_known_port_of_tls_is_skipped(aws: AwsServer) -> None:
    aws.answers |= {
        ("rds", "DescribeDBInstances"): {"DBInstances": [instance("oracle-ee")]},
        ("rds", "DescribeDBClusters"): {"DBClusters": []},
        ("rds", "DescribeDBProxies"): {"DBProxies": []},
    }
    found = await read(aws, "rds")
    assert (found.targets, len(found.skipped)) == ((), 1)
    assert "oracle-ee" in found.skipped[0].problem


async def test_a_cache_that_also_accepts_plaintext_claims_nothing(aws: AwsServer) -> None:
    groups = [cache_group(TransitEncryptionMode="preferred")]
    aws.answers["elasticache", "DescribeReplicationGroups"] = {"ReplicationGroups": groups}
    (target,) = (await read(aws, "elasticache")).targets
    assert target.claims == ()


async def test_a_workgroup_that_accepts_plaintext_and_a_dax_cluster_without_tls_claim_nothing(
    account: AwsServer,
) -> None:
    account.answers["redshift-serverless", "ListWorkgroups"] = {"workgroups": [workgroup("false")]}
    account.answers["dax", "DescribeClusters"] = {"Clusters": [dax_cluster("NONE")]}
    found = keys(await read(account, "redshift", "elasticache"))
    assert found["reports.redshift-serverless.amazonaws.com:5439"] == set()
    assert not [key for key in found if "dax" in key]


async def test_all_pages_of_collections_are_read_though_botocore_knows_none(
    account: AwsServer,
) -> None:
    await read(account, "opensearch")
    assert account.called("opensearchserverless", "ListCollections") == 2


async def test_an_origin_offers_the_newest_version_by_which_cloudfront_connects(
    aws: AwsServer,
) -> None:
    def origin(policy: str, *versions: str) -> dict[str, Any]:
        custom = {
            "HTTPPort": 80,
            "HTTPSPort": 8443,
            "OriginProtocolPolicy": policy,
            "OriginSslProtocols": {"Quantity": len(versions), "Items": list(versions)},
        }
        return {"Id": policy, "DomainName": f"{policy}.example", "CustomOriginConfig": custom}

    origins = [
        origin("https-only", "TLSv1.1", "TLSv1.2"),
        origin("match-viewer", "TLSv1.2"),
        *S3_ORIGINS["Items"],
    ]
    listed = {"Quantity": len(origins), "Items": origins}
    aws.answers["cloudfront", "ListDistributions"] = distributions(
        distribution(Origins=listed, Aliases={"Quantity": 0})
    )
    _, found = (await read(aws, "cloudfront")).targets
    assert (found.host, found.port) == ("https-only.example", 8443)
    assert rules(found, "cloudfront_origin_tls") == {
        "protocol_versions_required": {"versions": ["TLSv1.2"]}
    }


async def test_a_custom_endpoint_of_opensearch_has_its_certificate(
    account: AwsServer,
) -> None:
    from tests.discovery.aws.test_load_balancers import CERTIFICATE

    domain = search_domain(
        CustomEndpointEnabled=True,
        CustomEndpoint="logs.example.com",
        CustomEndpointCertificateArn=CERTIFICATE,
    )
    account.answers["opensearch", "DescribeDomains"] = {"DomainStatusList": [domain]}
    found = keys(await read(account, "opensearch"))
    assert found["logs.example.com:443"] == {"opensearch_certificate"}


async def test_a_kafka_cluster_with_a_plaintext_listener_claims_nothing(account: AwsServer) -> None:
    clusters = [kafka_cluster("TLS_PLAINTEXT")]
    account.answers["kafka", "ListClustersV2"] = {"ClusterInfoList": clusters}
    assert set(map(frozenset, keys(await read(account, "kafka")).values())) == {frozenset()}


@pytest.mark.parametrize(
    "condition",
    [
        {"Bool": {"aws:SecureTransport": "true"}},
        {"StringEquals": {"aws:SourceVpc": "vpc-1"}},
        {},
    ],
)
async def test_a_bucket_whose_policy_allows_plaintext_has_no_target(
    account: AwsServer, condition: dict[str, object]
) -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Condition": condition}
    account.answers["s3", "GetBucketPolicy"] = {"Policy": json.dumps({"Statement": statement})}
    assert (await read(account, "s3")).targets == ()
