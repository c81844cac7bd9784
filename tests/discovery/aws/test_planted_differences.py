"""AWS declares one thing of ten listeners, and the servers do another at seven: those are found, and no others.

The truth is the configuration of nginx and openssl. What AWS says comes from the model server, at names that resolve to loopback.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest

from model.claims import ClaimVerdict
from model.clock import SystemClock
from model.frozen import frozen
from model.target import Endpoint, Target
from policy.assess import held_claims
from probe.checks.part import Part
from probe.visit.engine import Engine
from probe.visit.settings import ProbeSettings
from tests.discovery.aws.reading import ACCOUNT, REGION, read
from tests.discovery.aws.test_load_balancers import BALANCER, CERTIFICATE, balancer, listener
from tests.probe.web.nginx_sites import nginx_with
from tests.support.aws_server import AwsServer, Call, Row
from tests.support.ports import free_port
from tests.zoo.certificates import Certificates
from tests.zoo.openssl_servers import MODERN, SServer

pytestmark = pytest.mark.integration

POLICY: Final = "ELBSecurityPolicy-TLS13-1-2-2021-06"
ALLOWED: Final = ("ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES256-GCM-SHA384")
PARTS: Final = frozenset(
    {Part.VERSIONS, Part.SUITES, Part.CERTIFICATES, Part.CLIENT_AUTH, Part.HTTP}
)
STORE: Final = f"arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:truststore/clients/1"


@frozen
class Planted:
    """How one listener really is; ``false`` are the claims that it contradicts.

    nginx serves it, or openssl with the options ``openssl``: nginx never requires client certificates in TLS.
    """

    name: str
    false: frozenset[str] = frozenset()
    protocols: str = "TLSv1.2 TLSv1.3"
    suites: str = ":".join(ALLOWED)
    certificate: str = "rsa"
    is_mutual: bool = False
    openssl: tuple[str, ...] = ()
    http: str = "return 301 https://127.0.0.1:{tls}/;"


LISTENERS: Final = (
    Planted(name="as declared"),
    Planted(name="fewer suites than allowed", suites=ALLOWED[0]),
    Planted(
        name="mutual TLS as declared",
        is_mutual=True,
        openssl=("-Verify", "1", "-CAfile", "{client_ca}", "-verify_return_error"),
    ),
    Planted(
        name="TLS 1.1 too",
        protocols="TLSv1.1 TLSv1.2 TLSv1.3",
        suites=f"{ALLOWED[0]}:ECDHE-RSA-AES128-SHA:@SECLEVEL=0",
        false=frozenset({"elb_security_policy"}),
    ),
    Planted(name="no TLS 1.3", protocols="TLSv1.2", false=frozenset({"elb_security_policy"})),
    Planted(
        name="another suite",
        suites=f"{ALLOWED[0]}:ECDHE-RSA-CHACHA20-POLY1305",
        false=frozenset({"elb_security_policy"}),
    ),
    Planted(
        name="another certificate", certificate="expired", false=frozenset({"elb_certificate"})
    ),
    Planted(
        name="no redirect", http="return 200 welcome;", false=frozenset({"elb_https_redirect"})
    ),
    Planted(
        name="mutual TLS without verification",
        is_mutual=True,
        openssl=("-Verify", "1", "-CAfile", "{client_ca}"),
        false=frozenset({"elb_mutual_tls"}),
    ),
    Planted(name="no mutual TLS", is_mutual=True, false=frozenset({"elb_mutual_tls"})),
)


@contextmanager
def servers(certificates: Certificates, folder: Path) -> Iterator[Mapping[str, tuple[int, int]]]:
    """The servers as planted; their ports of HTTPS and HTTP by name."""
    with ExitStack() as stack:
        ports = {}
        blocks = []
        for at, one in enumerate(LISTENERS):
            own = folder / str(at)
            own.mkdir()
            tls, http = free_port(), free_port()
            if one.openssl:
                server = SServer(name=one.name, options=(*MODERN, *one.openssl), ciphers=one.suites)
                tls = stack.enter_context(server.start(certificates, own))
            else:
                blocks.append(_over_tls(one, tls, certificates))
            blocks.append(f"server {{ listen 127.0.0.1:{http}; {one.http.format(tls=tls)} }}\n")
            ports[one.name] = (tls, http)
        stack.enter_context(nginx_with("".join(blocks), certificates, folder))
        yield ports


def _over_tls(one: Planted, port: int, certificates: Certificates) -> str:
    identity = getattr(certificates, one.certificate)
    return (
        f"server {{ listen 127.0.0.1:{port} ssl; ssl_protocols {one.protocols};"
        f" ssl_ciphers {one.suites}; ssl_certificate {identity.chain_file};"
        f" ssl_certificate_key {identity.key_file}; return 200 ok; }}\n"
    )


def declare(aws: AwsServer, ports: Mapping[str, tuple[int, int]], pem: str) -> None:
    """One balancer for each listener, all with the same policy, certificate and redirect."""
    arns = {one.name: f"{BALANCER}{at:02}" for at, one in enumerate(LISTENERS)}

    def listeners(call: Call) -> Row:
        (one,) = [one for one in LISTENERS if arns[one.name] == call.form["LoadBalancerArn"]]
        tls, http = ports[one.name]
        redirect = {
            "Type": "redirect",
            "RedirectConfig": {"Protocol": "HTTPS", "Port": str(tls), "StatusCode": "HTTP_301"},
        }
        mutual = {"Mode": "verify", "TrustStoreArn": STORE} if one.is_mutual else {"Mode": "off"}
        https: dict[str, Any] = {
            "SslPolicy": POLICY,
            "Certificates": [{"CertificateArn": CERTIFICATE}],
            "MutualAuthentication": mutual,
        }
        return {
            "Listeners": [
                listener(tls, ListenerArn=f"{arns[one.name]}/tls", **https),
                listener(
                    http, "HTTP", ListenerArn=f"{arns[one.name]}/http", DefaultActions=[redirect]
                ),
            ]
        }

    suites = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256")
    policy = {
        "Name": POLICY,
        "SslProtocols": ["TLSv1.2", "TLSv1.3"],
        "Ciphers": [{"Name": name, "Priority": at} for at, name in enumerate((*suites, *ALLOWED))],
    }
    balancers = [
        balancer(LoadBalancerArn=arn, LoadBalancerName=name, DNSName="127.0.0.1")
        for name, arn in arns.items()
    ]
    aws.answers |= {
        ("elbv2", "DescribeLoadBalancers"): {"LoadBalancers": balancers},
        ("elbv2", "DescribeTags"): {"TagDescriptions": []},
        ("elbv2", "DescribeSSLPolicies"): {"SslPolicies": [policy]},
        ("elbv2", "DescribeListeners"): listeners,
        ("acm", "GetCertificate"): {"Certificate": pem},
    }


async def verdicts(target: Target) -> Mapping[str, ClaimVerdict]:
    """The verdict on each claim, by its name, after one visit."""
    engine = Engine(ProbeSettings(parts=PARTS), SystemClock())
    seen = await engine.visit(Endpoint(target=target, address="127.0.0.1"))
    return {one.claim.name: one.verdict for one in held_claims(seen, datetime.now(UTC))}


async def test_every_planted_difference_is_found_and_no_other(
    aws: AwsServer, certificates: Certificates, tmp_path: Path
) -> None:
    with servers(certificates, tmp_path) as ports:
        declare(aws, ports, certificates.rsa.leaf_file.read_text())
        found = await read(aws, "elbv2")
        assert (len(found.targets), found.skipped) == (len(LISTENERS), ())
        judged = dict(
            zip(
                [target.labels["__meta_aws_name"] for target in found.targets],
                await asyncio.gather(*map(verdicts, found.targets)),
                strict=True,
            )
        )
    for one in LISTENERS:
        names = {"elb_security_policy", "elb_certificate", "elb_https_redirect"}
        names |= {"elb_mutual_tls"} if one.is_mutual else set()
        expected = {
            name: ClaimVerdict.CONTRADICTED if name in one.false else ClaimVerdict.PROVED
            for name in names
        }
        assert (one.name, judged[one.name]) == (one.name, expected)
