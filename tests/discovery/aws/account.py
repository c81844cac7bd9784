"""An account with one resource of every family, as the documentation of each operation gives its answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from tests.discovery.aws.reading import ACCOUNT, REGION
from tests.discovery.aws.test_load_balancers import CERTIFICATE, CLASSIC, balancer, listener

IAM_CERTIFICATE: Final = f"arn:aws:iam::{ACCOUNT}:server-certificate/old"
_AT: Final = datetime(2026, 11, 30, tzinfo=UTC)
_DENIAL: Final = {
    "Statement": [
        {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]
}

S3_ORIGINS: Final[Mapping[str, Any]] = {
    "Quantity": 1,
    "Items": [
        {
            "Id": "s3",
            "DomainName": "bucket.s3.amazonaws.com",
            "S3OriginConfig": {"OriginAccessIdentity": ""},
        }
    ],
}
"""The origins of a distribution that has none with settings of TLS."""


def distribution(**changes: Any) -> dict[str, Any]:
    """A distribution as ListDistributions gives it, with what the service model requires."""
    found: dict[str, Any] = {
        "Id": "E1",
        "ARN": f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1",
        "Status": "Deployed",
        "LastModifiedTime": _AT,
        "DomainName": "d111111abcdef8.cloudfront.net",
        "Aliases": {"Quantity": 1, "Items": ["www.example.com"]},
        "Origins": {
            "Quantity": 1,
            "Items": [
                {
                    "Id": "o",
                    "DomainName": "origin.example.com",
                    "CustomOriginConfig": {
                        "HTTPPort": 80,
                        "HTTPSPort": 443,
                        "OriginProtocolPolicy": "https-only",
                        "OriginSslProtocols": {"Quantity": 1, "Items": ["TLSv1.2"]},
                    },
                }
            ],
        },
        "DefaultCacheBehavior": {
            "TargetOriginId": "o",
            "ViewerProtocolPolicy": "redirect-to-https",
        },
        "CacheBehaviors": {"Quantity": 0},
        "CustomErrorResponses": {"Quantity": 0},
        "Comment": "",
        "PriceClass": "PriceClass_All",
        "Enabled": True,
        "ViewerCertificate": {
            "ACMCertificateArn": CERTIFICATE,
            "MinimumProtocolVersion": "TLSv1.2_2021",
            "SSLSupportMethod": "sni-only",
        },
        "Restrictions": {"GeoRestriction": {"RestrictionType": "none", "Quantity": 0}},
        "WebACLId": "",
        "HttpVersion": "http2",
        "IsIPV6Enabled": True,
        "Staging": False,
    }
    return found | changes


def distributions(*found: dict[str, Any]) -> dict[str, Any]:
    """The answer with these distributions."""
    listed = {
        "Marker": "",
        "MaxItems": 100,
        "IsTruncated": False,
        "Quantity": len(found),
        "Items": list(found),
    }
    return {"DistributionList": listed}


def parameters(**values: str) -> dict[str, Any]:
    """A parameter group; two underscores stand for the dot of ``rds.force_ssl``."""
    named = {name.replace("__", "."): value for name, value in values.items()}
    return {
        "Parameters": [
            {"ParameterName": name, "ParameterValue": value} for name, value in named.items()
        ]
    }


def instance(engine: str = "postgres", **changes: Any) -> dict[str, Any]:
    """An instance of RDS."""
    return {
        "DBInstanceIdentifier": "orders",
        "DBInstanceArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:db:orders",
        "Engine": engine,
        "Endpoint": {"Address": "orders.abc.eu-west-1.rds.amazonaws.com", "Port": 5432},
        "DBParameterGroups": [{"DBParameterGroupName": "group"}],
        **changes,
    }


def cluster(engine: str = "aurora-mysql", **changes: Any) -> dict[str, Any]:
    """A cluster of Aurora, DocumentDB or Neptune."""
    return {
        "DBClusterIdentifier": "ledger",
        "DBClusterArn": f"arn:aws:rds:{REGION}:{ACCOUNT}:cluster:ledger",
        "Engine": engine,
        "Endpoint": "ledger.cluster-abc.eu-west-1.rds.amazonaws.com",
        "Port": 3306,
        "DBClusterParameterGroup": "group",
        **changes,
    }


def cache_group(**changes: Any) -> dict[str, Any]:
    """A replication group of ElastiCache."""
    return {
        "ReplicationGroupId": "sessions",
        "ARN": f"arn:aws:elasticache:{REGION}:{ACCOUNT}:replicationgroup:sessions",
        "TransitEncryptionEnabled": True,
        "TransitEncryptionMode": "required",
        "NodeGroups": [
            {"PrimaryEndpoint": {"Address": "sessions.abc.cache.amazonaws.com", "Port": 6379}}
        ],
        **changes,
    }


def workgroup(require_ssl: str = "true") -> dict[str, Any]:
    """A workgroup of Redshift Serverless."""
    return {
        "workgroupName": "reports",
        "workgroupArn": f"arn:aws:redshift-serverless:{REGION}:{ACCOUNT}:workgroup/1",
        "endpoint": {"address": "reports.redshift-serverless.amazonaws.com", "port": 5439},
        "configParameters": [{"parameterKey": "require_ssl", "parameterValue": require_ssl}],
    }


def dax_cluster(encryption: str = "TLS") -> dict[str, Any]:
    """A cluster of DAX."""
    return {
        "ClusterName": "prices",
        "ClusterArn": f"arn:aws:dax:{REGION}:{ACCOUNT}:cache/prices",
        "ClusterEndpointEncryptionType": encryption,
        "ClusterDiscoveryEndpoint": {"Address": "prices.dax-clusters.amazonaws.com", "Port": 9111},
    }


def search_domain(**options: Any) -> dict[str, Any]:
    """A domain of OpenSearch Service."""
    return {
        "DomainId": f"{ACCOUNT}/logs",
        "DomainName": "logs",
        "ARN": f"arn:aws:es:{REGION}:{ACCOUNT}:domain/logs",
        "ClusterConfig": {},
        "Endpoint": "search-logs-abc.eu-west-1.es.amazonaws.com",
        "DomainEndpointOptions": options,
    }


def kafka_cluster(client_broker: str = "TLS") -> dict[str, Any]:
    """A provisioned cluster of MSK."""
    return {
        "ClusterName": "events",
        "ClusterArn": f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/events/1",
        "Provisioned": {
            "BrokerNodeGroupInfo": {
                "ClientSubnets": ["subnet-1"],
                "InstanceType": "kafka.m5.large",
            },
            "NumberOfBrokerNodes": 2,
            "EncryptionInfo": {"EncryptionInTransit": {"ClientBroker": client_broker}},
        },
    }


def whole_account(pem: str) -> Mapping[tuple[str, str], Any]:
    """Answers that lead the readers to every operation; ``pem`` is the certificate of all resources."""
    mine = f"{REGION}:{ACCOUNT}"
    return {
        ("sts", "GetCallerIdentity"): {
            "Account": ACCOUNT,
            "UserId": "u",
            "Arn": f"arn:aws:iam::{ACCOUNT}:user/u",
        },
        ("ec2", "DescribeRegions"): {"Regions": [{"RegionName": REGION}]},
        ("elbv2", "DescribeLoadBalancers"): {"LoadBalancers": [balancer()]},
        ("elbv2", "DescribeTags"): {"TagDescriptions": []},
        ("elbv2", "DescribeSSLPolicies"): {"SslPolicies": []},
        ("elbv2", "DescribeListeners"): {
            "Listeners": [
                listener(443, Certificates=[{"CertificateArn": CERTIFICATE}]),
                listener(444, Certificates=[{"CertificateArn": IAM_CERTIFICATE}]),
            ]
        },
        ("elb", "DescribeLoadBalancers"): {"LoadBalancerDescriptions": [CLASSIC]},
        ("elb", "DescribeLoadBalancerPolicies"): {"PolicyDescriptions": []},
        ("acm", "GetCertificate"): {"Certificate": pem},
        ("iam", "GetServerCertificate"): {
            "ServerCertificate": {
                "ServerCertificateMetadata": {
                    "Path": "/",
                    "ServerCertificateName": "old",
                    "ServerCertificateId": "ASCA11111111111111111",
                    "Arn": IAM_CERTIFICATE,
                },
                "CertificateBody": pem,
            }
        },
        ("cloudfront", "ListDistributions"): distributions(distribution()),
        ("apigateway", "GetDomainNames"): {
            "items": [{"domainName": "api.example.com", "securityPolicy": "TLS_1_2"}]
        },
        ("apigateway", "GetRestApis"): {"items": [{"id": "a1b2c3", "name": "orders"}]},
        ("apigatewayv2", "GetDomainNames"): {"Items": [{"DomainName": "v2.example.com"}]},
        ("apigatewayv2", "GetApis"): {
            "Items": [
                {
                    "ApiId": "d4e5f6",
                    "Name": "events",
                    "ApiEndpoint": "https://d4e5f6.execute-api.eu-west-1.amazonaws.com",
                    "ProtocolType": "HTTP",
                    "RouteSelectionExpression": "$request.method $request.path",
                }
            ]
        },
        ("rds", "DescribeDBInstances"): {"DBInstances": [instance()]},
        ("rds", "DescribeDBClusters"): {"DBClusters": [cluster()]},
        ("rds", "DescribeDBProxies"): {
            "DBProxies": [
                {
                    "DBProxyName": "front",
                    "DBProxyArn": f"arn:aws:rds:{mine}:db-proxy:prx-1",
                    "EngineFamily": "POSTGRESQL",
                    "Endpoint": "front.proxy-abc.eu-west-1.rds.amazonaws.com",
                    "RequireTLS": True,
                }
            ]
        },
        ("rds", "DescribeDBParameters"): parameters(rds__force_ssl="1"),
        ("rds", "DescribeDBClusterParameters"): parameters(require_secure_transport="ON"),
        ("redshift", "DescribeClusters"): {
            "Clusters": [
                {
                    "ClusterIdentifier": "warehouse",
                    "Endpoint": {"Address": "warehouse.abc.redshift.amazonaws.com", "Port": 5439},
                    "ClusterParameterGroups": [{"ParameterGroupName": "group"}],
                }
            ]
        },
        ("redshift", "DescribeClusterParameters"): parameters(require_ssl="true"),
        ("redshift-serverless", "ListWorkgroups"): {"workgroups": [workgroup()]},
        ("dax", "DescribeClusters"): {"Clusters": [dax_cluster()]},
        ("opensearchserverless", "ListCollections"): [
            {"collectionSummaries": [{"id": "first"}], "nextToken": "2"},
            {"collectionSummaries": [{"id": "second"}]},
        ],
        ("opensearchserverless", "BatchGetCollection"): {
            "collectionDetails": [
                {
                    "name": "traces",
                    "arn": f"arn:aws:aoss:{mine}:collection/first",
                    "collectionEndpoint": "https://first.eu-west-1.aoss.amazonaws.com",
                    "dashboardEndpoint": "https://first.eu-west-1.aoss.amazonaws.com/_dashboards",
                }
            ]
        },
        ("mq", "ListBrokers"): {
            "BrokerSummaries": [
                {"BrokerId": "b-1", "DeploymentMode": "SINGLE_INSTANCE", "EngineType": "ACTIVEMQ"}
            ]
        },
        ("mq", "DescribeBroker"): {
            "BrokerName": "orders",
            "BrokerArn": f"arn:aws:mq:{mine}:broker:orders:b-1",
            "BrokerInstances": [
                {
                    "Endpoints": [
                        "ssl://b-1.mq.eu-west-1.amazonaws.com:61617",
                        "amqp+ssl://b-1.mq.eu-west-1.amazonaws.com:5671",
                        "mqtt+ssl://b-1.mq.eu-west-1.amazonaws.com:8883",
                    ]
                }
            ],
        },
        ("elasticache", "DescribeReplicationGroups"): {"ReplicationGroups": [cache_group()]},
        ("elasticache", "DescribeServerlessCaches"): {
            "ServerlessCaches": [
                {
                    "ServerlessCacheName": "carts",
                    "ARN": f"arn:aws:elasticache:{mine}:serverlesscache:carts",
                    "Endpoint": {"Address": "carts.serverless.cache.amazonaws.com", "Port": 6379},
                }
            ]
        },
        ("opensearch", "ListDomainNames"): {"DomainNames": [{"DomainName": "logs"}]},
        ("opensearch", "DescribeDomains"): {
            "DomainStatusList": [
                search_domain(EnforceHTTPS=True, TLSSecurityPolicy="Policy-Min-TLS-1-2-2019-07")
            ]
        },
        ("kafka", "ListClustersV2"): {"ClusterInfoList": [kafka_cluster()]},
        ("kafka", "GetBootstrapBrokers"): {
            "BootstrapBrokerString": "b-1.kafka.amazonaws.com:9092",
            "BootstrapBrokerStringTls": "b-1.kafka.amazonaws.com:9094,b-2.kafka.amazonaws.com:9094",
        },
        ("s3", "ListBuckets"): {"Buckets": [{"Name": "invoices", "BucketRegion": REGION}]},
        ("s3", "GetBucketPolicy"): {"Policy": json.dumps(_DENIAL)},
        ("eks", "ListClusters"): {"clusters": ["prod"]},
        ("eks", "DescribeCluster"): {
            "cluster": {
                "name": "prod",
                "arn": f"arn:aws:eks:{mine}:cluster/prod",
                "endpoint": "https://ABC.gr7.eu-west-1.eks.amazonaws.com",
            }
        },
        ("appsync", "ListGraphqlApis"): {
            "graphqlApis": [
                {
                    "name": "shop",
                    "arn": f"arn:aws:appsync:{mine}:apis/1",
                    "uris": {"GRAPHQL": "https://shop.appsync-api.eu-west-1.amazonaws.com/graphql"},
                }
            ]
        },
        ("lambda", "ListFunctions"): {"Functions": [{"FunctionName": "hook"}]},
        ("lambda", "ListFunctionUrlConfigs"): {
            "FunctionUrlConfigs": [
                {
                    "FunctionUrl": "https://hook.lambda-url.eu-west-1.on.aws/",
                    "FunctionArn": f"arn:aws:lambda:{mine}:function:hook",
                    "CreationTime": "2026-11-30T00:00:00Z",
                    "LastModifiedTime": "2026-11-30T00:00:00Z",
                    "AuthType": "AWS_IAM",
                }
            ]
        },
        ("iot", "DescribeEndpoint"): {"endpointAddress": "abc-ats.iot.eu-west-1.amazonaws.com"},
        ("iot", "ListDomainConfigurations"): {
            "domainConfigurations": [{"domainConfigurationName": "devices"}]
        },
        ("iot", "DescribeDomainConfiguration"): {
            "domainConfigurationName": "devices",
            "domainConfigurationArn": f"arn:aws:iot:{mine}:domainconfiguration/devices/1",
            "domainName": "devices.example.com",
            "domainConfigurationStatus": "ENABLED",
            "tlsConfig": {"securityPolicy": "IoTSecurityPolicy_TLS12_1_2_2022_10"},
        },
        ("transfer", "ListServers"): {
            "Servers": [
                {
                    "Arn": f"arn:aws:transfer:{mine}:server/s-01234567890abcdef",
                    "ServerId": "s-01234567890abcdef",
                }
            ]
        },
        ("transfer", "DescribeServer"): {
            "Server": {
                "Arn": f"arn:aws:transfer:{mine}:server/s-01234567890abcdef",
                "ServerId": "s-01234567890abcdef",
                "Protocols": ["FTPS"],
                "SecurityPolicyName": "TransferSecurityPolicy-2024-01",
            }
        },
        ("transfer", "DescribeSecurityPolicy"): {
            "SecurityPolicy": {
                "SecurityPolicyName": "TransferSecurityPolicy-2024-01",
                "TlsCiphers": ["TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384"],
            }
        },
        ("route53", "ListHostedZones"): {
            "HostedZones": [
                {"Id": "/hostedzone/Z1", "Name": "example.com.", "CallerReference": "1"}
            ],
            "Marker": "",
            "IsTruncated": False,
            "MaxItems": "100",
        },
        ("route53", "ListResourceRecordSets"): {
            "ResourceRecordSets": [
                {"Name": "www.example.com.", "Type": "A", "TTL": 60},
                {"Name": "www.example.com.", "Type": "AAAA", "TTL": 60},
                {"Name": "\\052.example.com.", "Type": "CNAME", "TTL": 60},
                {"Name": "_443._tcp.example.com.", "Type": "TXT", "TTL": 60},
                {"Name": "example.com.", "Type": "MX", "TTL": 60},
            ],
            "IsTruncated": False,
            "MaxItems": "100",
        },
    }
