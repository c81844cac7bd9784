"""What moto makes up, of the services that are read: each test fails when moto is right, and can go then.

These answers are never the truth of another test.
"""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest
import trustme
from botocore.exceptions import ClientError

from tests.discovery.aws.account import distribution
from tests.discovery.aws.reading import REGION, claimed, read
from tests.discovery.aws.test_load_balancers import REDIRECT
from tests.support.aws_server import AwsServer


@pytest.fixture
def client(aws: AwsServer) -> Any:
    """Makes a client of a service."""

    def made(service: str) -> Any:
        session = botocore.session.Session()
        return session.create_client(service, region_name=REGION, endpoint_url=aws.url)

    return made


@pytest.fixture
def listeners(client: Any) -> list[dict[str, Any]]:
    """A balancer in moto with an HTTPS listener that verifies clients, and an HTTP listener that redirects."""
    ec2, elbv2 = client("ec2"), client("elbv2")
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]][:2]
    (balancer,) = elbv2.create_load_balancer(Name="moto", Subnets=subnets)["LoadBalancers"]
    arn = balancer["LoadBalancerArn"]
    issued = trustme.CA().issue_cert("web.example")
    certificate = client("acm").import_certificate(
        Certificate=issued.cert_chain_pems[0].bytes(), PrivateKey=issued.private_key_pem.bytes()
    )["CertificateArn"]
    fixed = {"StatusCode": "200", "ContentType": "text/plain", "MessageBody": "ok"}
    elbv2.create_listener(
        LoadBalancerArn=arn,
        Protocol="HTTPS",
        Port=443,
        SslPolicy="ELBSecurityPolicy-FS-1-2-2019-08",
        Certificates=[{"CertificateArn": certificate}],
        MutualAuthentication={"Mode": "verify", "TrustStoreArn": "arn:store"},
        DefaultActions=[{"Type": "fixed-response", "FixedResponseConfig": fixed}],
    )
    elbv2.create_listener(LoadBalancerArn=arn, Protocol="HTTP", Port=80, DefaultActions=[REDIRECT])
    found: list[dict[str, Any]] = elbv2.describe_listeners(LoadBalancerArn=arn)["Listeners"]
    elbv2.delete_load_balancer(LoadBalancerArn=arn)
    return found


def test_moto_gives_http_listeners_a_policy_and_loses_mutual_tls(
    listeners: list[dict[str, Any]],
) -> None:
    by_port = {one["Port"]: one for one in listeners}
    assert by_port[80]["SslPolicy"] == "ELBSecurityPolicy-2016-08"
    assert by_port[443].get("MutualAuthentication", {}).get("Mode") != "verify"


def test_moto_knows_only_some_security_policies(client: Any) -> None:
    named = {one["Name"] for one in client("elbv2").describe_ssl_policies()["SslPolicies"]}
    assert not [name for name in named if "FIPS" in name]


def test_moto_lists_distributions_with_the_certificate_of_cloudfront(client: Any) -> None:
    cloudfront = client("cloudfront")
    made = distribution()
    configuration = {
        name: made[name]
        for name in ("Origins", "DefaultCacheBehavior", "Comment", "Enabled", "ViewerCertificate")
    }
    configuration["DefaultCacheBehavior"] |= {
        "ForwardedValues": {"QueryString": False, "Cookies": {"Forward": "none"}},
        "MinTTL": 0,
    }
    cloudfront.create_distribution(DistributionConfig={"CallerReference": "1", **configuration})
    (listed,) = cloudfront.list_distributions()["DistributionList"]["Items"]
    assert listed["ViewerCertificate"]["CloudFrontDefaultCertificate"] is True


def test_moto_loses_the_encryption_of_kafka(client: Any) -> None:
    kafka = client("kafka")
    kafka.create_cluster_v2(
        ClusterName="events",
        Provisioned={
            "BrokerNodeGroupInfo": {
                "ClientSubnets": ["subnet-1"],
                "InstanceType": "kafka.m5.large",
            },
            "KafkaVersion": "3.6.0",
            "NumberOfBrokerNodes": 2,
            "EncryptionInfo": {"EncryptionInTransit": {"ClientBroker": "TLS"}},
        },
    )
    (listed,) = kafka.list_clusters_v2()["ClusterInfoList"]
    assert not listed["Provisioned"].get("EncryptionInfo")


def test_moto_loses_the_tls_settings_of_iot(client: Any) -> None:
    iot = client("iot")
    name = "devices"
    iot.create_domain_configuration(
        domainConfigurationName=name,
        domainName="devices.example.com",
        tlsConfig={"securityPolicy": "IoTSecurityPolicy_TLS13_1_2_2022_10"},
    )
    found = iot.describe_domain_configuration(domainConfigurationName=name)
    iot.delete_domain_configuration(domainConfigurationName=name)
    assert not found.get("tlsConfig")


def test_moto_does_not_have_the_default_parameter_group(client: Any) -> None:
    with pytest.raises(ClientError, match="NotFound"):
        client("rds").describe_db_parameters(DBParameterGroupName="default.postgres16")


def test_moto_lists_the_same_parameters_for_all_groups_of_redshift(client: Any) -> None:
    redshift = client("redshift")
    redshift.create_cluster_parameter_group(
        ParameterGroupName="strict", ParameterGroupFamily="redshift-1.0", Description="TLS"
    )
    listed = redshift.describe_cluster_parameters(ParameterGroupName="strict")["Parameters"]
    redshift.delete_cluster_parameter_group(ParameterGroupName="strict")
    assert {one["Description"] for one in listed} == {"mock parameter"}


def test_moto_loses_the_security_policy_of_a_rest_api(client: Any) -> None:
    apigateway = client("apigateway")
    api = apigateway.create_rest_api(
        name="orders", securityPolicy="SecurityPolicy_TLS13_1_3_2025_09"
    )
    found = apigateway.get_rest_api(restApiId=api["id"])
    apigateway.delete_rest_api(restApiId=api["id"])
    assert not found.get("securityPolicy")


def test_moto_gives_all_graphql_apis_one_address(client: Any) -> None:
    appsync = client("appsync")
    made = [
        appsync.create_graphql_api(name=name, authenticationType="API_KEY")["graphqlApi"]
        for name in ("orders", "carts")
    ]
    for one in made:
        appsync.delete_graphql_api(apiId=one["apiId"])
    assert len({str(one["uris"]) for one in made}) == 1


def test_moto_gives_all_brokers_of_mq_one_address(client: Any) -> None:
    mq = client("mq")
    made = mq.create_broker(
        BrokerName="orders",
        DeploymentMode="SINGLE_INSTANCE",
        EngineType="ActiveMQ",
        EngineVersion="5.18",
        HostInstanceType="mq.m5.large",
        PubliclyAccessible=False,
        AutoMinorVersionUpgrade=True,
        Users=[{"Username": "admin", "Password": "not-a-secret-1"}],
    )
    (broker,) = mq.describe_broker(BrokerId=made["BrokerId"])["BrokerInstances"]
    mq.delete_broker(BrokerId=made["BrokerId"])
    assert "mockmq" in " ".join(broker["Endpoints"])


def test_moto_cuts_a_list_of_buckets_without_saying_so(client: Any) -> None:
    s3 = client("s3")
    names = [f"bucket-{at}" for at in range(3)]
    for name in names:
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    answer = s3.list_buckets(MaxBuckets=2)
    assert (len(answer["Buckets"]), answer.get("ContinuationToken")) == (2, None)


async def test_what_moto_keeps_is_read_as_from_aws(aws: AwsServer, client: Any) -> None:
    memorydb = client("memorydb")
    memorydb.create_cluster(
        ClusterName="sessions", NodeType="db.t4g.small", ACLName="open-access", TLSEnabled=True
    )
    found = await read(aws, "elasticache")
    (target,) = [one for one in found.targets if "memorydb" in one.host]
    assert claimed(target) == {"cache_plaintext_refused"}
