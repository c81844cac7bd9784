"""An account with 5,000 resources, which answers page by page and counts requests as AWS's published rates do."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from discovery.cloud.aws.limits import Limits, TokenBucket, bucket_of
from tests.discovery.aws.account import S3_ORIGINS, distribution, instance, parameters
from tests.discovery.aws.reading import ACCOUNT, REGION
from tests.discovery.aws.test_load_balancers import BALANCER, CERTIFICATE, balancer, listener
from tests.support.aws_server import Call, Fault, Row

SERVICES: Final = ("elbv2", "rds", "cloudfront", "apigateway", "route53")
BALANCERS: Final = 200
LISTENERS: Final = 10
"""Of each balancer."""
INSTANCES: Final = 1500
DISTRIBUTIONS: Final = 500
DOMAIN_NAMES: Final = 500
ZONES: Final = 50
NAMES: Final = 10
"""Of each zone."""
RESOURCES: Final = BALANCERS * LISTENERS + INSTANCES + DISTRIBUTIONS + DOMAIN_NAMES + ZONES * NAMES
CERTIFICATES: Final = 50
GROUPS: Final = 20
PAGE: Final = 100

_PUBLISHED: Final[Mapping[str, tuple[float, float]]] = {
    "elbv2": (10, 40),
    "acm": (10, 10),
    "apigateway": (10, 40),
    "apigatewayv2": (10, 40),
    "route53": (5, 5),
}
"""Requests a second and at once that AWS allows an account in a region, where it says so.

Elastic Load Balancing: "Request throttling", non-mutating actions. ACM: "Quotas", GetCertificate. API Gateway:
"Quotas", total operations. Route 53: "Quotas", five requests a second for each account.
"""
_EXACT: Final = 1e-6

Rows = Mapping[tuple[str, str], Row | Callable[[Call], Row]]


class VirtualLimits(Limits):
    """Requests that only wait in the time of their own bucket, so that nothing else lets tokens come."""

    def __init__(self) -> None:
        super().__init__()
        self.now: defaultdict[tuple[str, str, str], float] = defaultdict(float)

    def wait(self, account: str, service: str, region: str) -> bool:
        """Moves the bucket's time on to when the request may be sent."""
        key = (account, service, region)
        with self._lock:
            if key not in self._buckets:
                self._buckets[key] = bucket_of(service, lambda: self.now[key])
            self.now[key] += self._buckets[key].take()
        return True


class PublishedRates:
    """Throttles what exceeds AWS's rates, by the time of the client's bucket."""

    def __init__(self, limits: VirtualLimits) -> None:
        self._limits = limits
        self._buckets: dict[str, TokenBucket] = {}
        self.exceeded: list[Call] = []

    def around(self, answers: Rows) -> Rows:
        """These answers, within the rates."""

        def limited(row: Row | Callable[[Call], Row]) -> Callable[[Call], Row]:
            def answer(call: Call) -> Row:
                if self._exceeds(call):
                    self.exceeded.append(call)
                    return Fault(code="Throttling")
                return row(call) if callable(row) else row

            return answer

        return {key: limited(row) for key, row in answers.items()}

    def _exceeds(self, call: Call) -> bool:
        if call.service not in _PUBLISHED:
            return False
        rate, burst = _PUBLISHED[call.service]
        key = (ACCOUNT, call.service, call.region)
        bucket = self._buckets.setdefault(
            call.service, TokenBucket(rate, burst, lambda: self._limits.now[key])
        )
        return bucket.take() > _EXACT


def _arn(at: int) -> str:
    return f"{BALANCER[:-4]}{at:04}"


def _page(
    call: Call, marker: str, every: Sequence[dict[str, Any]]
) -> tuple[Sequence[dict[str, Any]], str | None]:
    """The page that is asked for, and the marker of the next one."""
    start = int(call.form.get(marker, "0"))
    end = start + PAGE
    return every[start:end], str(end) if end < len(every) else None


def _load_balancers(pem: str) -> Rows:
    every = [
        balancer(LoadBalancerArn=_arn(at), DNSName=f"web-{at}.elb.amazonaws.com")
        for at in range(BALANCERS)
    ]

    def balancers(call: Call) -> Row:
        found, following = _page(call, "Marker", every)
        return {"LoadBalancers": found} | ({"NextMarker": following} if following else {})

    def listeners(call: Call) -> Row:
        arn = call.form["LoadBalancerArn"]
        certificate = f"{CERTIFICATE[:-2]}{int(arn[-4:]) % CERTIFICATES:02}"
        return {
            "Listeners": [
                listener(
                    8000 + at,
                    ListenerArn=f"{arn}/{at}",
                    SslPolicy="ELBSecurityPolicy-2016-08",
                    Certificates=[{"CertificateArn": certificate}],
                )
                for at in range(LISTENERS)
            ]
        }

    return {
        ("elbv2", "DescribeLoadBalancers"): balancers,
        ("elbv2", "DescribeTags"): {"TagDescriptions": []},
        ("elbv2", "DescribeSSLPolicies"): {"SslPolicies": []},
        ("elbv2", "DescribeListeners"): listeners,
        ("acm", "GetCertificate"): {"Certificate": pem},
    }


def _databases() -> Rows:
    every = [
        instance(
            DBInstanceIdentifier=f"db-{at}",
            DBInstanceArn=f"arn:aws:rds:{REGION}:{ACCOUNT}:db:db-{at}",
            Endpoint={"Address": f"db-{at}.rds.amazonaws.com", "Port": 5432},
            DBParameterGroups=[{"DBParameterGroupName": f"group-{at % GROUPS}"}],
        )
        for at in range(INSTANCES)
    ]

    def instances(call: Call) -> Row:
        found, following = _page(call, "Marker", every)
        return {"DBInstances": found} | ({"Marker": following} if following else {})

    return {
        ("rds", "DescribeDBInstances"): instances,
        ("rds", "DescribeDBClusters"): {"DBClusters": []},
        ("rds", "DescribeDBProxies"): {"DBProxies": []},
        ("rds", "DescribeDBParameters"): parameters(rds__force_ssl="1"),
    }


def _edge() -> Rows:
    own = {"CloudFrontDefaultCertificate": True}
    every = [
        distribution(
            Id=f"E{at}",
            ARN=f"arn:aws:cloudfront::{ACCOUNT}:distribution/E{at}",
            DomainName=f"d{at}.cloudfront.net",
            Aliases={"Quantity": 0},
            Origins=S3_ORIGINS,
            ViewerCertificate=own,
        )
        for at in range(DISTRIBUTIONS)
    ]
    names = [
        {"domainName": f"api-{at}.example.com", "securityPolicy": "TLS_1_2"}
        for at in range(DOMAIN_NAMES)
    ]

    def distributions(call: Call) -> Row:
        found, following = _page(call, "Marker", every)
        more = {"NextMarker": following} if following else {}
        listed = {
            "Marker": call.form.get("Marker", ""),
            "MaxItems": PAGE,
            "IsTruncated": bool(following),
            "Quantity": len(found),
            "Items": found,
        }
        return {"DistributionList": listed | more}

    def domain_names(call: Call) -> Row:
        found, following = _page(call, "position", names)
        return {"items": found} | ({"position": following} if following else {})

    return {
        ("cloudfront", "ListDistributions"): distributions,
        ("apigateway", "GetDomainNames"): domain_names,
        ("apigateway", "GetRestApis"): {"items": []},
        ("apigatewayv2", "GetDomainNames"): {"Items": []},
        ("apigatewayv2", "GetApis"): {"Items": []},
    }


def _zones() -> Rows:
    zones = [
        {"Id": f"/hostedzone/Z{at}", "Name": f"{at}.example.", "CallerReference": str(at)}
        for at in range(ZONES)
    ]
    last = {"IsTruncated": False, "MaxItems": "300"}
    turns = itertools.count()

    def records(_: Call) -> Row:
        zone = next(turns) % ZONES
        names = [f"www-{at}.{zone}.example." for at in range(NAMES)]
        sets = [{"Name": name, "Type": "A", "TTL": 60} for name in names]
        return {"ResourceRecordSets": sets, **last}

    return {
        ("route53", "ListHostedZones"): {"HostedZones": zones, "Marker": "", **last},
        ("route53", "ListResourceRecordSets"): records,
    }


def large_account(pem: str) -> Rows:
    """The answers of all its services."""
    return {**_load_balancers(pem), **_databases(), **_edge(), **_zones()}
