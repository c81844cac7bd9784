"""Receivers of messages on loopback: an HTTP server, and an SMTP server with STARTTLS and a login."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import SMTP as SMTP_POLICY
from typing import Any

import trustme
import uvicorn
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from tests.service.delivery.waiting import until


class Hook:
    """Accepts POST requests, with the status that the test chooses."""

    def __init__(self) -> None:
        self.url = ""
        self.answer = 200
        self.refused = 0
        self.bodies: list[Any] = []
        self.headers: list[dict[str, str]] = []

    async def take(self, request: Request) -> Response:
        body = await request.body()
        if self.answer != 200:
            self.refused += 1
            return PlainTextResponse("not now", self.answer, {"retry-after": "1"})
        self.bodies.append(json.loads(body))
        self.headers.append(dict(request.headers))
        return PlainTextResponse("ok")

    @property
    def events(self) -> list[tuple[str, str]]:
        """A webhook's events, each with its target, in order of arrival."""
        return [
            (event["event"], event["alert"]["target"])
            for body in self.bodies
            for event in body["events"]
        ]


@asynccontextmanager
async def running_hook() -> AsyncIterator[Hook]:
    hook = Hook()
    app = Starlette(routes=[Route("/{rest:path}", hook.take, methods=["POST"])])
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, lifespan="off")
    )
    serving = asyncio.create_task(server.serve())
    try:
        await until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        hook.url = f"http://127.0.0.1:{port}/hook/secret-path"
        yield hook
    finally:
        server.should_exit = True
        await serving


class PostOffice:
    """Stores the mail of clients that log in as ``ops`` with ``pass word``."""

    def __init__(self, authority: trustme.CA) -> None:
        self.authority = authority
        self.port = 0
        # A keyword of Python cannot be a keyword argument.
        self.sender: dict[str, Any] = {"from": "tlsprobe <tlsprobe@example.test>"}
        self.mails: list[EmailMessage] = []
        self.recipients: list[list[str]] = []

    async def handle_DATA(  # noqa: N802 - aiosmtpd's name
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        assert isinstance(envelope.content, bytes)
        self.mails.append(
            BytesParser(EmailMessage, policy=SMTP_POLICY).parsebytes(envelope.content)
        )
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 kept"


def _logs_in(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, login: object
) -> AuthResult:
    is_known = isinstance(login, LoginPassword) and login == LoginPassword(b"ops", b"pass word")
    return AuthResult(success=is_known, handled=False)


@asynccontextmanager
async def running_post_office() -> AsyncIterator[PostOffice]:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    office = PostOffice(authority)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(
            office,
            hostname="127.0.0.1",
            loop=loop,
            tls_context=context,
            require_starttls=True,
            auth_required=True,
            authenticator=_logs_in,
        ),
        "127.0.0.1",
        0,
    )
    office.port = server.sockets[0].getsockname()[1]
    async with server:
        yield office
