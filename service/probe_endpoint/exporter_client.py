"""Probes as blackbox_exporter and ssl_exporter do: one connection, and with HTTP one for each redirect."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final, Literal

from exporters.prometheus.other_exporters.handshake_summary import HttpSummary
from model.certificates.certificate import Certificate
from model.frozen import frozen
from model.target import Endpoint, Target
from model.verdict import Verdict
from pki.certificates import matches, parse_certificate
from probe.connect.openssl.simple_client import (
    ClientHandshake,
    ClientOptions,
    MakeTalk,
    SimpleClient,
)
from probe.dialogue.answer import ConnectFailure, Ending
from probe.visit.engine import Engine
from probe.web.http_get import (
    HTTP_1,
    HTTP_2,
    Http1Get,
    Http2Get,
    HttpGet,
    HttpRequest,
    HttpResponse,
)
from service.config.modules.module import ModuleSettings
from service.probe_endpoint.web_address import NoTargetError, WebAddress, names_a_host

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_MOST_REDIRECTS: Final = 10
"""As blackbox_exporter."""

_AT_ONCE_SECONDS: Final = 0.001
_PHASES: Final = ("connect", "processing", "resolve", "tls", "transfer")


@frozen
class ClientResult:
    """What one probe found. ``failure`` says in one sentence why it failed; None if it met every assertion.

    ``chain`` and ``paths`` are of the last connection, whether or not it verified.
    """

    failure: str | None
    handshake: ClientHandshake | None = None
    chain: tuple[Certificate, ...] = ()
    paths: tuple[tuple[Certificate, ...], ...] = ()
    http: HttpSummary | None = None


@frozen
class _Got:
    """The outcome of one GET; the ``response`` has status 0 if none came."""

    result: ClientResult
    response: HttpResponse

    @property
    def location(self) -> str | None:
        """Where it redirects to, if it does."""
        is_redirect = self.response.status in _REDIRECTS
        return self.response.fields.get("location") or None if is_redirect else None


class _Connected:
    """A Dialogue that says nothing: the connection is the result."""

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends nothing."""

    def feed(self, received: bytes) -> Literal[True]:
        """The server spoke."""
        return True

    def end(self, ending: Ending) -> Literal[True]:
        """The server did not."""
        return True


class ExporterClient:
    """One probe with a module of another exporter.

    ``reach`` resolves the target of a redirect, and returns an endpoint that may be probed, or the reason why there
    is none.
    """

    def __init__(
        self,
        module: ModuleSettings,
        engine: Engine,
        monotonic: Callable[[], float],
        reach: Callable[[Target], Awaitable[Endpoint | str]],
    ) -> None:
        self._module = module
        self._engine = engine
        self._monotonic = monotonic
        self._reach = reach
        self._phases = dict.fromkeys(_PHASES, 0.0)

    async def connect(self, endpoint: Endpoint) -> ClientResult:
        """Opens a connection, and makes a TLS handshake if the module does."""
        if not self._module.begins_tls:
            reached = await self._engine.carry(
                endpoint, _Connected(), over_tls=False, patience_seconds=_AT_ONCE_SECONDS
            )
            return ClientResult(failure=_detail(reached))
        outcome = await self._engine.carry(endpoint, self._client(endpoint))
        return self._over_tls(endpoint, outcome)

    async def get(self, endpoint: Endpoint, address: WebAddress, host: str | None) -> ClientResult:
        """One GET, and one more for each redirect; ``host`` replaces the address's own in the request."""
        redirects, named = 0, host
        while True:
            got = await self._get_once(endpoint, address, named or address.authority)
            location = got.location
            redirects += location is not None
            is_stopped = redirects > _MOST_REDIRECTS or not self._follows
            if location is None or is_stopped:
                return self._ended(got, address, redirects, is_cut=location is not None)
            try:
                address = address.redirected(location)
                if names_a_host(location):
                    named = None
                    endpoint = await self._elsewhere(address)
            except NoTargetError as error:
                return self._without_answer(replace(got.result, failure=str(error)), redirects)

    def unanswered(self, failure: str) -> ClientResult:
        """The result if no connection was made, or none ended in time."""
        result = ClientResult(failure=failure)
        return self._without_answer(result, 0) if self._module.asks_http else result

    @property
    def _follows(self) -> bool:
        return self._module.is_blackbox and self._module.http.follows

    async def _elsewhere(self, address: WebAddress) -> Endpoint:
        began = self._monotonic()
        reached = await self._reach(address.target(None))
        self._phases["resolve"] += self._monotonic() - began
        if isinstance(reached, str):
            raise NoTargetError(f"the redirect to {address.url[:200]} was not followed: {reached}")
        return reached

    async def _get_once(self, endpoint: Endpoint, address: WebAddress, host: str) -> _Got:
        request = HttpRequest(
            scheme=address.scheme, host=host, path=address.path, user_agent=self._engine.user_agent
        )
        began = self._monotonic()
        if not address.is_over_tls:
            get = Http1Get(request, self._monotonic)
            reached = await self._engine.carry(endpoint, get, over_tls=False)
            self._note_times(began, get.response, None)
            return _Got(result=ClientResult(failure=_detail(reached)), response=get.response)
        gets: list[HttpGet] = []

        def talk(alpn: str | None, certificates: Sequence[bytes]) -> HttpGet | None:
            if self._verify(endpoint, certificates).failure is None:
                kind = Http2Get if alpn == HTTP_2 else Http1Get
                gets.append(kind(request, self._monotonic))
            return gets[0] if gets else None

        outcome = await self._engine.carry(endpoint, self._client(endpoint, talk))
        result = self._over_tls(endpoint, outcome)
        response = gets[0].response if gets else HttpResponse()
        self._note_times(began, response, result.handshake)
        return _Got(result=result, response=response)

    def _client(self, endpoint: Endpoint, talk: MakeTalk | None = None) -> SimpleClient:
        keys = self._module.http
        offers_http2 = self._module.is_blackbox and keys.enable_http2 and talk is not None
        options = ClientOptions(
            versions=self._module.tls.versions,
            server_name=endpoint.target.server_name,
            alpn_protocols=(HTTP_2, HTTP_1) if offers_http2 else (),
            identity=self._engine.identity_for(endpoint),
            talk=talk,
        )
        return SimpleClient(options, self._monotonic)

    def _over_tls(
        self, endpoint: Endpoint, outcome: ClientHandshake | ConnectFailure
    ) -> ClientResult:
        if isinstance(outcome, ConnectFailure):
            return ClientResult(failure=outcome.detail)
        verified = self._verify(endpoint, outcome.certificates)
        return replace(verified, failure=outcome.failure or verified.failure, handshake=outcome)

    def _verify(self, endpoint: Endpoint, certificates: Sequence[bytes]) -> ClientResult:
        """The served chain as the module judges it."""
        chain = tuple(map(parse_certificate, certificates))
        if self._module.tls.insecure_skip_verify or not chain:
            return ClientResult(failure=None, chain=chain)
        paths = tuple(dict.fromkeys(self._engine.paths(endpoint, chain).values()))
        host = endpoint.target.reference_name
        failure = None
        if not paths:
            failure = "the trust store of the module does not trust the certificate now"
        elif matches(chain[0], host) is not Verdict.YES:
            failure = f"the certificate is not for {host}"
        return ClientResult(failure=failure, chain=chain, paths=paths)

    def _note_times(
        self, began: float, response: HttpResponse, handshake: ClientHandshake | None
    ) -> None:
        """Adds the phases of one connection, as far as it came."""
        connected_at = handshake.began_at if handshake else response.asked_at
        if connected_at:
            self._phases["connect"] += connected_at - began
        if handshake and handshake.finished_at:
            self._phases["tls"] += handshake.finished_at - handshake.began_at
        if response.answered_at:
            self._phases["processing"] += response.answered_at - response.asked_at

    def _ended(
        self, got: _Got, address: WebAddress, redirects: int, *, is_cut: bool
    ) -> ClientResult:
        """The result of the last response; ``is_cut`` if it is a redirect, whose body is not read."""
        response = got.response
        if not response.status:
            reason = got.result.failure or response.failure or "no answer came"
            return self._without_answer(replace(got.result, failure=reason), redirects)
        self._phases["transfer"] += response.ended_at - (response.answered_at or response.ended_at)
        summary = HttpSummary(
            status=response.status,
            version=response.version,
            redirects=redirects,
            is_over_tls=address.is_over_tls,
            content_length=response.content_length,
            body_length=0 if is_cut else response.body_length,
            last_modified=_date(response.fields.get("last-modified", "")),
            phases=dict(self._phases),
        )
        failure: str | None = None
        if self._module.is_blackbox:
            failure = self._unmet(summary) or (None if is_cut else response.failure)
        return replace(got.result, failure=failure, http=summary)

    def _without_answer(self, result: ClientResult, redirects: int) -> ClientResult:
        return replace(result, http=HttpSummary(redirects=redirects, phases=dict(self._phases)))

    def _unmet(self, summary: HttpSummary) -> str | None:
        """The first assertion of the module that the last response does not meet."""
        keys, version = self._module.http, f"HTTP/{summary.version}"
        if not keys.accepts(summary.status):
            return f"the status {summary.status} is not one of the module's valid_status_codes"
        if keys.valid_http_versions and version not in keys.valid_http_versions:
            return f"{version} is not one of the module's valid_http_versions"
        if keys.fail_if_ssl and summary.is_over_tls:
            return "the last answer came over TLS (fail_if_ssl)"
        if keys.fail_if_not_ssl and not summary.is_over_tls:
            return "the last answer came without TLS (fail_if_not_ssl)"
        return None


def _detail(reached: object) -> str | None:
    return reached.detail if isinstance(reached, ConnectFailure) else None


def _date(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
