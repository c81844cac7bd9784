"""Every operation of AWS's APIs that tlsprobe calls: the readers call by this table, and the IAM policy is made from it.

Names are AWS's own. ``gone`` are error codes that are an answer: the resource was deleted meanwhile, or has nothing
of the kind.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from discovery.cloud.aws.certificate_services.operations import CERTIFICATE_OPERATIONS
from discovery.cloud.aws.networks.operations import NETWORK_OPERATIONS
from discovery.cloud.aws.operation import Feature, Operation
from discovery.cloud.aws.operation import claimed as _claimed
from discovery.cloud.aws.operation import found as _found

_ELB: Final = "elasticloadbalancing"
_REST_APIS: Final = ("arn:{partition}:apigateway:*::/restapis",)
_DOMAIN_NAMES: Final = ("arn:{partition}:apigateway:*::/domainnames",)
_V2_APIS: Final = ("arn:{partition}:apigateway:*::/apis",)
_QUEUES: Final = ("arn:{partition}:sqs:*:*:*",)

GET_SECRET_VALUE: Final = _found(
    "secretsmanager",
    "GetSecretValue",
    "secretsmanager:GetSecretValue",
    feature=Feature.SECRETS,
    resources=("arn:{partition}:secretsmanager:*:*:secret:*",),
)
GET_PARAMETER: Final = _found(
    "ssm",
    "GetParameter",
    "ssm:GetParameter",
    feature=Feature.SECRETS,
    resources=("arn:{partition}:ssm:*:*:parameter/*",),
)
DECRYPT: Final = _found(
    "kms",
    "Decrypt",
    "kms:Decrypt",
    feature=Feature.SECRETS,
    resources=("arn:{partition}:kms:*:*:key/*",),
)

_ALL: Final = (
    # Secrets of the configuration
    GET_SECRET_VALUE,
    GET_PARAMETER,
    DECRYPT,
    # Without a resource: which account, which regions, which role. GetCallerIdentity needs no permission.
    _found("ec2", "DescribeRegions", "ec2:DescribeRegions", "Regions"),
    _found("sts", "GetCallerIdentity", "sts:GetCallerIdentity"),
    # Who caused a change, and where findings go
    _found(
        "cloudtrail",
        "LookupEvents",
        "cloudtrail:LookupEvents",
        "Events",
        feature=Feature.ATTRIBUTION,
    ),
    *(
        _found("sqs", name, f"sqs:{action}", feature=Feature.EVENTS, resources=_QUEUES)
        for name, action in (
            ("GetQueueUrl", "GetQueueUrl"),
            ("ReceiveMessage", "ReceiveMessage"),
            ("DeleteMessageBatch", "DeleteMessage"),
        )
    ),
    *(
        _found(
            "securityhub",
            name,
            f"securityhub:{name}",
            results,
            feature=Feature.SECURITY_HUB,
        )
        for name, results in (
            ("BatchImportFindings", ""),
            ("BatchUpdateFindings", ""),
            ("GetFindings", "Findings"),
        )
    ),
    _found(
        "organizations",
        "ListAccounts",
        "organizations:ListAccounts",
        "Accounts",
        feature=Feature.ORGANIZATION,
    ),
    # Elastic Load Balancing
    _found("elbv2", "DescribeLoadBalancers", f"{_ELB}:DescribeLoadBalancers", "LoadBalancers"),
    _found(
        "elbv2",
        "DescribeListeners",
        f"{_ELB}:DescribeListeners",
        "Listeners",
        gone=("LoadBalancerNotFound",),
    ),
    _found(
        "elbv2",
        "DescribeTags",
        f"{_ELB}:DescribeTags",
        "TagDescriptions",
        gone=("LoadBalancerNotFound",),
    ),
    _claimed("elbv2", "DescribeSSLPolicies", f"{_ELB}:DescribeSSLPolicies", "SslPolicies"),
    _found(
        "elb",
        "DescribeLoadBalancers",
        f"{_ELB}:DescribeLoadBalancers",
        "LoadBalancerDescriptions",
    ),
    _claimed(
        "elb",
        "DescribeLoadBalancerPolicies",
        f"{_ELB}:DescribeLoadBalancerPolicies",
        "PolicyDescriptions",
        gone=("LoadBalancerNotFound", "PolicyNotFound"),
    ),
    # Certificates
    _claimed("acm", "GetCertificate", "acm:GetCertificate", gone=("ResourceNotFoundException",)),
    _claimed("iam", "GetServerCertificate", "iam:GetServerCertificate", gone=("NoSuchEntity",)),
    # Edge and APIs
    _found(
        "cloudfront",
        "ListDistributions",
        "cloudfront:ListDistributions",
        "DistributionList.Items",
    ),
    _found("apigateway", "GetRestApis", "apigateway:GET", "items", resources=_REST_APIS),
    _found("apigateway", "GetDomainNames", "apigateway:GET", "items", resources=_DOMAIN_NAMES),
    _found("apigatewayv2", "GetApis", "apigateway:GET", "Items", resources=_V2_APIS),
    _found("apigatewayv2", "GetDomainNames", "apigateway:GET", "Items", resources=_DOMAIN_NAMES),
    # Databases
    _found("rds", "DescribeDBInstances", "rds:DescribeDBInstances", "DBInstances"),
    _found("rds", "DescribeDBClusters", "rds:DescribeDBClusters", "DBClusters"),
    _found("rds", "DescribeDBProxies", "rds:DescribeDBProxies", "DBProxies"),
    _claimed(
        "rds",
        "DescribeDBParameters",
        "rds:DescribeDBParameters",
        "Parameters",
        gone=("DBParameterGroupNotFound",),
    ),
    _claimed(
        "rds",
        "DescribeDBClusterParameters",
        "rds:DescribeDBClusterParameters",
        "Parameters",
        gone=("DBParameterGroupNotFound",),
    ),
    _found("redshift", "DescribeClusters", "redshift:DescribeClusters", "Clusters"),
    _claimed(
        "redshift",
        "DescribeClusterParameters",
        "redshift:DescribeClusterParameters",
        "Parameters",
        gone=("ClusterParameterGroupNotFound",),
    ),
    _found(
        "redshift-serverless",
        "ListWorkgroups",
        "redshift-serverless:ListWorkgroups",
        "workgroups",
    ),
    _found(
        "elasticache",
        "DescribeReplicationGroups",
        "elasticache:DescribeReplicationGroups",
        "ReplicationGroups",
    ),
    _found(
        "elasticache",
        "DescribeServerlessCaches",
        "elasticache:DescribeServerlessCaches",
        "ServerlessCaches",
    ),
    _found("memorydb", "DescribeClusters", "memorydb:DescribeClusters", "Clusters"),
    _found("dax", "DescribeClusters", "dax:DescribeClusters", "Clusters"),
    _found("opensearch", "ListDomainNames", "es:ListDomainNames", "DomainNames"),
    _found(
        "opensearch",
        "DescribeDomains",
        "es:DescribeDomains",
        "DomainStatusList",
        gone=("ResourceNotFoundException",),
    ),
    _found(
        "opensearchserverless", "ListCollections", "aoss:ListCollections", "collectionSummaries"
    ),
    _found(
        "opensearchserverless",
        "BatchGetCollection",
        "aoss:BatchGetCollection",
        "collectionDetails",
    ),
    _found("kafka", "ListClustersV2", "kafka:ListClustersV2", "ClusterInfoList"),
    _found(
        "kafka",
        "GetBootstrapBrokers",
        "kafka:GetBootstrapBrokers",
        gone=("NotFoundException",),
    ),
    _found("mq", "ListBrokers", "mq:ListBrokers", "BrokerSummaries"),
    _found("mq", "DescribeBroker", "mq:DescribeBroker", gone=("NotFoundException",)),
    # Others
    _found("s3", "ListBuckets", "s3:ListAllMyBuckets", "Buckets"),
    _claimed(
        "s3",
        "GetBucketPolicy",
        "s3:GetBucketPolicy",
        gone=("NoSuchBucketPolicy", "NoSuchBucket"),
        resources=("arn:{partition}:s3:::*",),
    ),
    _found("eks", "ListClusters", "eks:ListClusters", "clusters"),
    _found("eks", "DescribeCluster", "eks:DescribeCluster", gone=("ResourceNotFoundException",)),
    _found("appsync", "ListGraphqlApis", "appsync:ListGraphqlApis", "graphqlApis"),
    _found("lambda", "ListFunctions", "lambda:ListFunctions", "Functions"),
    _found(
        "lambda",
        "ListFunctionUrlConfigs",
        "lambda:ListFunctionUrlConfigs",
        "FunctionUrlConfigs",
        gone=("ResourceNotFoundException",),
    ),
    _found("iot", "DescribeEndpoint", "iot:DescribeEndpoint"),
    _found(
        "iot", "ListDomainConfigurations", "iot:ListDomainConfigurations", "domainConfigurations"
    ),
    _found(
        "iot",
        "DescribeDomainConfiguration",
        "iot:DescribeDomainConfiguration",
        gone=("ResourceNotFoundException",),
    ),
    _found("transfer", "ListServers", "transfer:ListServers", "Servers"),
    _found(
        "transfer", "DescribeServer", "transfer:DescribeServer", gone=("ResourceNotFoundException",)
    ),
    _claimed(
        "transfer",
        "DescribeSecurityPolicy",
        "transfer:DescribeSecurityPolicy",
        gone=("ResourceNotFoundException",),
    ),
    _found("route53", "ListHostedZones", "route53:ListHostedZones", "HostedZones"),
    _found(
        "route53",
        "ListResourceRecordSets",
        "route53:ListResourceRecordSets",
        "ResourceRecordSets",
        gone=("NoSuchHostedZone",),
    ),
    *CERTIFICATE_OPERATIONS,
    *NETWORK_OPERATIONS,
)

OPERATIONS: Final[Mapping[str, Operation]] = MappingProxyType({one.key: one for one in _ALL})


def iam_policy(
    features: Collection[Feature], partition: str = "aws", more: Iterable[Operation] = ()
) -> dict[str, Any]:
    """The least IAM policy for these features: one statement for each set of resources.

    ``more`` are operations that this table does not have, because they do not belong to discovery.
    """
    by_resources: dict[tuple[str, ...], set[str]] = {}
    for one in (*_ALL, *more):
        if one.feature in features:
            by_resources.setdefault(one.resources, set()).add(one.action)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": sorted(actions),
                "Resource": [one.format(partition=partition) for one in resources],
            }
            for resources, actions in by_resources.items()
        ],
    }
