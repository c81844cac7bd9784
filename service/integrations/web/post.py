"""Posts to a receiver by HTTP; an error gives the reason in one sentence, without secrets."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import field
from types import TracebackType
from typing import Final

import httpcore
import httpx

from model.frozen import frozen
from model.safe_output.printable import printable
from model.safe_output.secret_text import SecretMask, secrets_in_url, secrets_of_login
from model.version import user_agent
from pki.net_guard.gate import Purpose, SocketGate
from pki.net_guard.http_client import TRANSPORT_ERRORS, GuardedBackend, core_url
from pki.net_guard.opening import DeniedError
from service.integrations.attempts import DeliveryError
from service.setting_types.secret_places import Rotating

_MOST_OF_AN_ANSWER: Final = 2048
_SHOWN_OF_AN_ANSWER: Final = 200
_OK: Final = 200
_REDIRECTS: Final = 300
_LONGEST_WAIT: Final = 3600.0
_MAY_SUCCEED_LATER: Final = (408, 429)


@frozen
class Receiver:
    """The URL and the login of a receiver; its representation hides the secrets."""

    url: str = field(repr=False)
    trust: ssl.SSLContext = field(repr=False)
    token: str | None = field(default=None, repr=False)
    login: tuple[str, str] | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)
    timeout_seconds: float = 30.0

    def headers(self) -> dict[str, str]:
        """The headers of each request: the client, and the login."""
        headers = {"user-agent": user_agent()}
        if self.token is not None:
            headers["authorization"] = f"Bearer {self.token}"
        if self.login is not None:
            login = b64encode(":".join(self.login).encode()).decode("ascii")
            headers["authorization"] = f"Basic {login}"
        return headers

    def mask(self) -> SecretMask:
        """Masks the receiver's secrets, because its responses may echo them."""
        secrets = [*secrets_in_url(self.url, with_path=True), *secrets_in_url(self.proxy or "")]
        secrets += [self.url, *([self.token] if self.token else ())]
        return SecretMask((*secrets, *(secrets_of_login(*self.login) if self.login else ())))


class WebPost:
    """Posts to one receiver over persistent connections, which the ``gate`` must allow; an async context manager
    that closes them."""

    def __init__(self, receiver: Rotating[Receiver], gate: SocketGate) -> None:
        self._receiver = receiver
        self._pool = _pool(receiver.current(), GuardedBackend(gate, Purpose.RECEIVER))

    async def __aenter__(self) -> WebPost:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        await self._pool.aclose()

    async def send(self, body: bytes, headers: Mapping[str, str], path: str = "") -> None:
        """Post ``body`` to the receiver's URL, or to ``path`` below it.

        Raises:
            DeliveryError: if the receiver does not accept it, or must not be contacted.
        """
        receiver = await asyncio.to_thread(self._receiver.current)
        mask = receiver.mask()
        url = f"{receiver.url.rstrip('/')}{path}" if path else receiver.url
        try:
            where = httpx.URL(url)
            host, length = where.netloc.decode("ascii"), str(len(body))
            every = {"host": host, **receiver.headers(), **headers, "content-length": length}
            async with (
                asyncio.timeout(receiver.timeout_seconds),
                self._pool.stream(
                    "POST", core_url(where), headers=list(every.items()), content=body
                ) as answer,
            ):
                if not _OK <= answer.status < _REDIRECTS:
                    raise await _refusal(answer, mask)
        except TimeoutError as error:
            raise DeliveryError(f"no answer within {receiver.timeout_seconds:g} s") from error
        except DeniedError as error:
            raise DeliveryError(f"the receiver must not be contacted: {error}") from error
        except (*TRANSPORT_ERRORS, httpcore.ProxyError) as error:
            # The text about an invalid URL contains it; the others know only a connection.
            details = "" if isinstance(error, httpx.InvalidURL) else str(error)
            reason = ": ".join(filter(None, (type(error).__name__, details)))
            shown = printable(mask.masked(reason), limit=_SHOWN_OF_AN_ANSWER)
            raise DeliveryError(shown) from error


def _pool(receiver: Receiver, backend: GuardedBackend) -> httpcore.AsyncConnectionPool:
    """The connections to the receiver, directly or through its proxy."""
    if receiver.proxy is None:
        return httpcore.AsyncConnectionPool(ssl_context=receiver.trust, network_backend=backend)
    proxy = httpx.Proxy(receiver.proxy)
    return httpcore.AsyncHTTPProxy(
        core_url(proxy.url),
        proxy_auth=proxy.raw_auth,
        ssl_context=receiver.trust,
        network_backend=backend,
    )


async def _refusal(answer: httpcore.Response, mask: SecretMask) -> DeliveryError:
    """The first two kilobytes of the receiver's response, without echoed secrets."""
    said = b""
    async for piece in answer.aiter_stream():
        said += piece
        if len(said) >= _MOST_OF_AN_ANSWER:
            break
    text = mask.masked(said[:_MOST_OF_AN_ANSWER].decode("utf-8", "replace").strip())
    words = printable(text, limit=_SHOWN_OF_AN_ANSWER)
    status = answer.status
    return DeliveryError(
        f"status {status}" + (f": {words}" if words else ""),
        retry_after_seconds=_retry_after(httpx.Headers(answer.headers).get("retry-after", "")),
        is_refused=status < 500 and status not in _MAY_SUCCEED_LATER,
    )


def _retry_after(text: str) -> float | None:
    """The seconds of a Retry-After header (RFC 9110, section 10.2.3); None for a date."""
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        return None
    return min(float(text), _LONGEST_WAIT)
