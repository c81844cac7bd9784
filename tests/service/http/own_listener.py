"""The service's own listener in this process, with routes that show who the client is."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import bcrypt
import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from service.config.http import HttpSettings
from service.config.settings import ServiceSettings
from service.demo.authority import DemoAuthority, Issued
from service.http.guard.guard import Guard
from service.http.guard.principal import principal_of
from service.http.guard.query import Query, route
from service.http.server import serve_http
from service.http.start import HttpSide, http_side
from service.setting_types.roles import Role

NOW: Final = datetime.now(UTC)
CURVE: Final = ec.SECP256R1()
TOKENS: Final = {role: f"{role}-token-0123456789abcdef" for role in Role}


def bcrypt_hash(password: str) -> str:
    """A hash of the lowest cost, as `htpasswd -nB -C 4` writes it."""
    return bcrypt.hashpw(password.encode(), bcrypt.gensalt(4)).decode().replace("$2b$", "$2y$", 1)


def write_pair(directory: Path, name: str, issued: Issued, *issuers: Issued) -> tuple[Path, Path]:
    """The certificate with its issuers, and the key, as PEM files."""
    certificate, key = directory / f"{name}.pem", directory / f"{name}.key"
    certificate.write_bytes(b"".join(one.certificate_pem() for one in (issued, *issuers)))
    key.write_bytes(issued.private_key_pem())
    return certificate, key


def issue(issuer: Issued, *, rsa_key: bool = False) -> Issued:
    """A certificate for localhost."""
    key = rsa.generate_private_key(65537, 2048) if rsa_key else ec.generate_private_key(CURVE)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.private_key.public_key())
    purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")]))
        .issuer_name(issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=1))
        .not_valid_after(NOW + timedelta(days=59))
        .add_extension(names, critical=False)
        .add_extension(authority, critical=False)
        .add_extension(purpose, critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    )
    return Issued(certificate=builder.sign(issuer.private_key, hashes.SHA256()), private_key=key)


class Pki:
    """The files of an authority, of a server called localhost, and of a client."""

    def __init__(self, directory: Path) -> None:
        self.authority = DemoAuthority(NOW)
        self.directory = directory
        self.root = directory / "root.pem"
        self.root.write_bytes(self.authority.root.certificate_pem())
        self.renew()
        client = self.authority.client("prometheus")
        self.client = write_pair(directory, "client", client, self.authority.intermediate)

    def renew(self, *, rsa_key: bool = False) -> int:
        """A new certificate of the server, for 60 days as public authorities issue them; its serial number."""
        issued = issue(self.authority.intermediate, rsa_key=rsa_key)
        write_pair(self.directory, "server", issued, self.authority.intermediate)
        return issued.certificate.serial_number

    def web_config(self, more: str = "", tls: str = "") -> Path:
        """A web configuration with this server's certificate."""
        path = self.directory / "web.yml"
        path.write_text(
            f"tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n{tls}{more}"
        )
        return path

    def trust(self, *, with_client: bool = False) -> ssl.SSLContext:
        """A client's context."""
        context = ssl.create_default_context(cafile=self.root)
        if with_client:
            context.load_cert_chain(*self.client)
        return context


async def _who(request: Request, _: Query) -> Response:
    found = principal_of(request)
    return JSONResponse([found.name, found.role, found.method])


async def _large(_: Request, __: Query) -> Response:
    return PlainTextResponse("x" * 3_000_000)


async def _metrics(_: Request, __: Query) -> Response:
    return PlainTextResponse("a_metric 1\n")


async def _status(_: Request, __: Query) -> Response:
    return JSONResponse({"lag_seconds": 1, "endpoints": 3, "version": "1"})


async def _body(request: Request, _: Query) -> Response:
    return PlainTextResponse(str(len(await request.body())))


APP: Final = Starlette(
    routes=[
        route("/who", _who),
        route("/large", _large),
        route("/metrics", _metrics),
        route("/-/ready", _large),
        route("/-/status", _status),
        route("/operate", _who, method="POST", role=Role.OPERATOR),
        route("/body", _body, method="POST", role=Role.OPERATOR),
        route("/administer", _who, method="POST"),
    ]
)


class Running:
    """A listener that accepts."""

    def __init__(self, side: HttpSide) -> None:
        self.side = side

    @property
    def port(self) -> int:
        return int(self.side.url.rpartition(":")[2])

    async def ask(
        self,
        path: str,
        method: str = "GET",
        *,
        trust: ssl.SSLContext | None = None,
        **more: Any,
    ) -> httpx.Response:
        async with httpx.AsyncClient(verify=trust or False, trust_env=False, timeout=30) as client:
            scheme = self.side.url.partition(":")[0]
            return await client.request(method, f"{scheme}://localhost:{self.port}{path}", **more)


@asynccontextmanager
async def running(
    http: Mapping[str, Any],
    *,
    listen: str = "localhost:0",
    head_seconds: float = 10.0,
    handshakes_per_second: int = 200,
    **settings: Any,
) -> AsyncIterator[Running]:
    """A listener with these settings of the section ``http``, and limits that no setting changes."""
    stop = asyncio.Event()
    chosen = ServiceSettings(listen=listen, http=HttpSettings.model_validate(http), **settings)
    async with AsyncExitStack() as stack:
        side = stack.enter_context(http_side(chosen, lambda: NOW))
        app = Guard(APP, side.access)
        limits = replace(
            side.limits, head_seconds=head_seconds, handshakes_per_second=handshakes_per_second
        )
        serving = asyncio.create_task(serve_http(app, side.socket, limits, stop, side.new_tls))
        watching = asyncio.create_task(side.web.watch())
        try:
            yield Running(side)
        finally:
            watching.cancel()
            stop.set()
            await asyncio.wait_for(serving, 30)


def bearer(role: Role) -> dict[str, str]:
    """The header of a client with the token of ``role``."""
    return {"authorization": f"Bearer {TOKENS[role]}"}


def token_settings(directory: Path) -> dict[str, Any]:
    """The setting ``http.tokens`` with a token for each role, named like it."""
    made = {}
    for role, token in TOKENS.items():
        path = directory / f"{role}-token"
        path.write_text(f"{token}\n")
        made[role.value] = {"role": role.value, "token_file": str(path)}
    return made
