"""Fetches an MTA-STS policy as senders do (RFC 8461, section 3.3).

The certificate must be valid for the policy host, redirects are not followed, and only status 200 with the media type
``text/plain`` counts. Time and bytes are bounded.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Final

from model.frozen import frozen
from model.version import user_agent
from pki.certificates import TrustStore
from pki.net_guard.gate import Purpose, SocketGate
from pki.net_guard.http_client import HttpAnswer, HttpClient, HttpError, HttpRequest
from pki.net_guard.politeness import Politeness
from probe.mail_domain.sts_policy import MOST_BYTES

_OK: Final = 200
_MEDIA_TYPE: Final = "text/plain"
_SECONDS: Final = 20.0
_MOST_SHOWN: Final = 4096


@frozen
class Fetched:
    """What the policy host answered: ``body`` if it is what senders read, else ``problem`` says why not.

    ``is_certificate_refused`` is whether the certificate did not verify. Without an answer ``is_answered`` is false.
    ``refused`` are the first bytes of a body that senders do not read.
    """

    body: bytes | None = None
    problem: str = ""
    is_answered: bool = False
    is_certificate_refused: bool = False
    refused: bytes = b""


class PolicyFetcher:
    """Fetches policies through the ``gate``; certificates must verify against the ``stores``."""

    def __init__(
        self,
        gate: SocketGate,
        politeness: Politeness,
        stores: Mapping[str, TrustStore],
        timeout_seconds: float = _SECONDS,
    ) -> None:
        self._gate = gate
        self._politeness = politeness
        self._stores = stores
        self._timeout_seconds = timeout_seconds

    async def fetch(self, host: str, port: int, address: str) -> Fetched:
        """The policy of this host, at one of its addresses; only cancellation is raised."""
        place = host if port == 443 else f"{host}:{port}"
        url = f"https://{place}/.well-known/mta-sts.txt"
        client = HttpClient(self._gate.named(host), Purpose.PROBE, context=self._context)
        request = HttpRequest(url=url, headers={"User-Agent": user_agent()})
        politeness = self._politeness.for_host(host)
        try:
            async with (
                asyncio.timeout(self._timeout_seconds),
                politeness.connection(politeness.gate(address)),
                client.ask(request, address=address) as answer,
            ):
                kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
                found = await _read(url, answer)
                if answer.status != _OK:
                    return _refused(found, f"{url} answered with HTTP status {answer.status}.")
                if kind != _MEDIA_TYPE:
                    words = f"{url} has the media type {kind[:60]!r}, not {_MEDIA_TYPE}."
                    return _refused(found, words)
                return found
        except TimeoutError:
            words = f"{url} did not answer completely within {self._timeout_seconds:g} s."
            return Fetched(problem=words)
        except HttpError as error:
            return Fetched(
                problem=f"{url} {error}.",
                is_certificate_refused=any(
                    isinstance(one, ssl.SSLCertVerificationError) for one in _causes(error)
                ),
            )

    @cached_property
    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        anchors = [der for store in self._stores.values() for der in store.certificates]
        context.load_verify_locations(cadata=b"".join(anchors))
        return context


def _refused(found: Fetched, problem: str) -> Fetched:
    """An answer that senders do not use, whatever its body is."""
    shown = found.refused or (found.body or b"")[:_MOST_SHOWN]
    return Fetched(problem=problem, is_answered=True, refused=shown)


async def _read(url: str, answer: HttpAnswer) -> Fetched:
    received = bytearray()
    async for piece in answer.pieces():
        received += piece
        if len(received) > MOST_BYTES:
            words = f"{url} sent more than {MOST_BYTES} bytes."
            return Fetched(problem=words, is_answered=True, refused=bytes(received[:_MOST_SHOWN]))
    return Fetched(body=bytes(received), is_answered=True)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what caused it, with what was being handled."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__ or found.__context__
