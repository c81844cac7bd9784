"""A small AWS account on loopback: API Gateway declares what the demo's servers do, and is wrong about three of them.

It answers the six calls with which the source ``aws`` reads API Gateway, in the forms of AWS's documentation; it has
no state, and accepts every key.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import urlsplit

from model.frozen import frozen
from service.demo.fleet import HOST, DemoFleet
from service.demo.recipes import RECIPES

_ACCOUNT: Final = "123456789012"
_REGION: Final = "eu-west-1"
_MOST_BYTES: Final = 64 * 1024
_SECONDS: Final = 10.0
_IDENTITY: Final = f"""\
<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <GetCallerIdentityResult>
    <Arn>arn:aws:iam::{_ACCOUNT}:user/demo</Arn>
    <UserId>AIDADEMO</UserId>
    <Account>{_ACCOUNT}</Account>
  </GetCallerIdentityResult>
</GetCallerIdentityResponse>
"""
_ENVIRONMENT: Final = {
    "AWS_ACCESS_KEY_ID": "demo",
    "AWS_SECRET_ACCESS_KEY": "demo",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "NO_PROXY": HOST,
}
_NOT_USED: Final = ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE", "no_proxy")


@frozen
class Declared:
    """What API Gateway declares of one domain name; ``has_certificate`` is false where a server has two."""

    security_policy: str = "TLS_1_2"
    has_certificate: bool = True
    is_mutual: bool = False


_DECLARED: Final[Mapping[str, Declared]] = {
    "modern": Declared(security_policy="SecurityPolicy_TLS13_1_2_2021_06", has_certificate=False),
    # It accepts TLS 1.0 and 1.1.
    "legacy": Declared(),
    # Its renewed certificate is in ACM, and the old one is served.
    "expired": Declared(),
    "incomplete": Declared(),
    "mtls": Declared(is_mutual=True),
    # It asks for no client certificate.
    "pq": Declared(security_policy="SecurityPolicy_TLS13_1_3_2025_09", is_mutual=True),
}


class DemoAwsAccount:
    """The account of a fleet, for the duration of an ``async with`` block; ``url`` is where it answers."""

    def __init__(self, fleet: DemoFleet) -> None:
        self._fleet = fleet
        self._exit = AsyncExitStack()
        self._certificates: Mapping[str, str] = {}
        self.url = ""

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            served = {name: pem.decode() for name, pem in self._fleet.certificates.items()}
            renewed = self._fleet.authority.server("expired.demo.test", "ecdsa", 60)
            self._certificates = served | {"expired": renewed.certificate_pem().decode()}
            server = await stack.enter_async_context(
                await asyncio.start_server(self._answer, HOST, 0, limit=_MOST_BYTES)
            )
            self.url = f"http://{HOST}:{server.sockets[0].getsockname()[1]}"
            stack.enter_context(_demo_credentials())
            self._exit = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._exit.aclose()

    @property
    def source(self) -> dict[str, Any]:
        """The source that reads it; its rules lead each domain name to the server on loopback."""
        rules: list[dict[str, Any]] = [
            {"source_labels": ["__meta_aws_name"], "target_label": "__server_name__"}
        ]
        rules += [
            {
                "source_labels": ["__meta_aws_name"],
                "regex": recipe.server_name.replace(".", r"\."),
                "target_label": "__address__",
                "replacement": f"{target.host}:{target.port}",
            }
            for recipe, target in zip(RECIPES, self._fleet.targets, strict=True)
        ]
        return {
            "type": "aws",
            "regions": [_REGION],
            "services": ["apigateway"],
            "endpoint_url": self.url,
            "relabel": rules,
        }

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_SECONDS):
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                request, *lines = head.split("\r\n")
                headers = {
                    name.lower(): value.strip()
                    for name, _, value in (line.partition(":") for line in lines)
                }
                length = min(int(headers.get("content-length", "0")), _MOST_BYTES)
                body = (await reader.readexactly(length)).decode("latin-1")
                path = urlsplit(request.split(" ")[1]).path
                writer.write(self._response(path, headers.get("x-amz-target", ""), body))
                await writer.drain()
        except (OSError, EOFError, ValueError, IndexError, asyncio.LimitOverrunError, TimeoutError):
            pass
        finally:
            writer.close()

    def _response(self, path: str, target: str, body: str) -> bytes:
        status, kind, text = 200, "application/json", ""
        if target.endswith(".GetCertificate"):
            name = str(json.loads(body)["CertificateArn"]).rpartition("/")[2]
            text = json.dumps({"Certificate": self._certificates[name]})
        elif "Action=GetCallerIdentity" in body:
            kind, text = "text/xml", _IDENTITY
        elif path == "/domainnames":
            text = json.dumps({"item": [_domain_name(name) for name in _DECLARED]})
        elif path in {"/restapis", "/v2/apis", "/v2/domainnames"}:
            text = "{}"
        else:
            status, text = 404, json.dumps({"message": "the demo does not answer this call"})
        content = text.encode()
        head = (
            f"HTTP/1.1 {status} answer\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
        )
        return head.encode() + content


def _domain_name(name: str) -> dict[str, Any]:
    declared = _DECLARED[name]
    found: dict[str, Any] = {
        "domainName": f"{name}.demo.test",
        "securityPolicy": declared.security_policy,
    }
    if declared.has_certificate:
        found["regionalCertificateArn"] = f"arn:aws:acm:{_REGION}:{_ACCOUNT}:certificate/{name}"
    if declared.is_mutual:
        found["mutualTlsAuthentication"] = {"truststoreUri": f"s3://demo/{name}.pem"}
    return found


@contextmanager
def _demo_credentials() -> Iterator[None]:
    """The demo's own credentials for AWS instead of the user's, which must not reach the demo."""
    names = (*_ENVIRONMENT, *_NOT_USED)
    before = {name: os.environ.pop(name) for name in names if name in os.environ}
    os.environ |= _ENVIRONMENT
    try:
        yield
    finally:
        for name in _ENVIRONMENT:
            os.environ.pop(name, None)
        os.environ |= before
