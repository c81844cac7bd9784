"""Amazon RDS, Aurora, DocumentDB and Neptune, which share one API: instances, clusters and proxies.

Whether a database refuses plaintext is a parameter of its group. The names of the parameters differ by engine, and
one that AWS does not list makes no claim.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from discovery.cloud.aws.api import Answer, AwsApi
from discovery.cloud.aws.parameters import ParameterGroups
from discovery.cloud.aws.resource import Resource, tags_of
from discovery.cloud.tls_rules import NO_PLAINTEXT, STARTTLS_ENFORCED, at_least
from discovery.found import Location
from discovery.source import Skipped
from model.claims import Claim, ClaimedRule
from model.frozen import frozen
from model.protocol_version import ProtocolVersion

_ON: Final = frozenset({"1", "on", "true", "enabled"})
_DOCDB_TLS: Final[Mapping[str, Sequence[ClaimedRule]]] = {
    "enabled": NO_PLAINTEXT,
    "fips-140-3": NO_PLAINTEXT,
    "tls1.2+": (*NO_PLAINTEXT, *at_least(ProtocolVersion.TLSV1_2)),
    "tls1.3+": (*NO_PLAINTEXT, *at_least(ProtocolVersion.TLSV1_3)),
}


@frozen
class _Engine:
    """An engine's protocol, the parameter that makes it refuse plaintext, and what that means for a probe."""

    protocol: str
    parameter: str
    rules: tuple[ClaimedRule, ...] = STARTTLS_ENFORCED


_ENGINES: Final[Mapping[str, _Engine]] = {
    "postgres": _Engine(protocol="postgres", parameter="rds.force_ssl"),
    "aurora-postgresql": _Engine(protocol="postgres", parameter="rds.force_ssl"),
    "mysql": _Engine(protocol="mysql", parameter="require_secure_transport"),
    "mariadb": _Engine(protocol="mysql", parameter="require_secure_transport"),
    "aurora-mysql": _Engine(protocol="mysql", parameter="require_secure_transport"),
    "sqlserver": _Engine(protocol="mssql", parameter="rds.force_ssl"),
    "docdb": _Engine(protocol="mongodb", parameter="tls", rules=NO_PLAINTEXT),
    "neptune": _Engine(protocol="tls", parameter="neptune_enforce_ssl", rules=NO_PLAINTEXT),
}
_PROXY_PORTS: Final = {"MYSQL": 3306, "POSTGRESQL": 5432, "SQLSERVER": 1433}
_PROXY_PROTOCOLS: Final = {"MYSQL": "mysql", "POSTGRESQL": "postgres", "SQLSERVER": "mssql"}


def read_rds(api: AwsApi) -> Iterator[Location]:
    """Every endpoint whose engine has a protocol with TLS; those of other engines are skipped."""
    groups = ParameterGroups(api)
    for cluster in api.each("rds.DescribeDBClusters"):
        yield from _cluster(api, cluster, groups)
    for instance in api.each("rds.DescribeDBInstances"):
        yield from _instance(api, instance, groups)
    for proxy in api.each("rds.DescribeDBProxies"):
        yield from _proxy(api, proxy)


def _engine(name: str) -> _Engine | None:
    return _ENGINES.get(name) or _ENGINES.get(name.partition("-")[0])


def _unknown(found: Resource, name: str) -> Skipped:
    problem = f"the port on which the engine {name} offers TLS is not in AWS's answer: add a target"
    return Skipped(place=f"account {found.api.account}, {found.arn}", problem=problem)


def _cluster(api: AwsApi, cluster: Answer, groups: ParameterGroups) -> Iterator[Location]:
    found = Resource(
        api=api,
        kind="db_cluster",
        name=cluster["DBClusterIdentifier"],
        arn=cluster["DBClusterArn"],
        tags=tags_of(cluster.get("TagList")),
        more={"engine": cluster.get("Engine"), "engine_version": cluster.get("EngineVersion")},
    )
    hosts = [cluster.get("Endpoint"), cluster.get("ReaderEndpoint")]
    hosts += cluster.get("CustomEndpoints", ())
    port = cluster.get("Port")
    engine = _engine(cluster.get("Engine", ""))
    if engine is None:
        yield _unknown(found, cluster.get("Engine", ""))
    if engine is None or port is None:
        return
    values = groups.values(
        "rds.DescribeDBClusterParameters",
        "DBClusterParameterGroupName",
        cluster.get("DBClusterParameterGroup", ""),
    )
    claim = _refuses_plaintext(found, engine, values, "DescribeDBClusterParameters")
    for host in dict.fromkeys(one for one in hosts if one):
        yield found.at(host, port, claim, protocol=engine.protocol)


def _instance(api: AwsApi, instance: Answer, groups: ParameterGroups) -> Iterator[Location]:
    endpoint: Mapping[str, Any] = instance.get("Endpoint") or {}
    if not endpoint.get("Address"):
        return
    found = Resource(
        api=api,
        kind="db_instance",
        name=instance["DBInstanceIdentifier"],
        arn=instance["DBInstanceArn"],
        tags=tags_of(instance.get("TagList")),
        more={
            "engine": instance.get("Engine"),
            "engine_version": instance.get("EngineVersion"),
            "cluster": instance.get("DBClusterIdentifier"),
        },
    )
    engine = _engine(instance.get("Engine", ""))
    if engine is None:
        yield _unknown(found, instance.get("Engine", ""))
        return
    claim = None
    # An instance of a cluster has the cluster's parameter.
    if not instance.get("DBClusterIdentifier"):
        values: dict[str, str] = {}
        for group in instance.get("DBParameterGroups", ()):
            name = group.get("DBParameterGroupName", "")
            values |= groups.values("rds.DescribeDBParameters", "DBParameterGroupName", name)
        claim = _refuses_plaintext(found, engine, values, "DescribeDBParameters")
    yield found.at(endpoint["Address"], endpoint["Port"], claim, protocol=engine.protocol)


def _refuses_plaintext(
    found: Resource, engine: _Engine, values: Mapping[str, str], operation: str
) -> Claim | None:
    value = values.get(engine.parameter, "")
    rules = _DOCDB_TLS.get(value, ()) if engine.parameter == "tls" else engine.rules
    if not rules or (engine.parameter != "tls" and value not in _ON):
        return None
    said = f"{found.name} refuses plaintext ({engine.parameter} is {value})"
    return found.claim("rds_plaintext_refused", said, operation, rules)


def _proxy(api: AwsApi, proxy: Answer) -> Iterator[Location]:
    family = proxy.get("EngineFamily", "")
    if not proxy.get("Endpoint") or family not in _PROXY_PORTS:
        return
    found = Resource(api=api, kind="db_proxy", name=proxy["DBProxyName"], arn=proxy["DBProxyArn"])
    claim = None
    if proxy.get("RequireTLS"):
        said = f"proxy {found.name} refuses plaintext (RequireTLS is true)"
        claim = found.claim("rds_plaintext_refused", said, "DescribeDBProxies", STARTTLS_ENFORCED)
    yield found.at(
        proxy["Endpoint"], _PROXY_PORTS[family], claim, protocol=_PROXY_PROTOCOLS[family]
    )
