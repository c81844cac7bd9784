"""Does the same web server answer without TLS, and does it redirect its clients to HTTPS?

One plaintext request goes to the TLS port, which should answer with a refusal only. Another goes to the
corresponding HTTP port (80 for 443, or the port in the target's label); its redirects are followed as long as
they stay on the same host in plaintext. A closed port means no, with the system's error as proof. A silent
port proves nothing. A redirect to a closed port of the same host is not a redirect to HTTPS. Answers are read as
browsers read them: what begins like HTTP or HTML is an answer, even if its head cannot be read or is missing.
"""

from __future__ import annotations

import re
from typing import Final

from model.application_protocol import DEFAULT_PORT
from model.frozen import frozen
from model.verdict import Evidence, Fact, Verdict
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.answer import ConnectFailure, Ending, FailureKind, conversation_evidence
from probe.dialogue.before_tls.greetings import (
    is_html,
    is_ssh,
    is_tls_record,
    plaintext_service,
)
from probe.web.in_plaintext import PlaintextAnswer, PlaintextRequest
from probe.web.site import WebSite
from probe.web.url import Url, read_url

HTTP_IN_PLAINTEXT_FACTS: Final = ("redirects_to_https",)
"""In addition to ``answers_in_plaintext``, which other protocols have too."""
_MOST_HOPS: Final = 5
_REFUSING: Final = frozenset({400, 421, 426, 497})
"""How servers answer a plaintext request on the TLS port (nginx 400, RFC 9110's 426)."""

_ERROR_TITLE: Final = re.compile(rb"<title>[^<]{0,40}\b[45][0-9]{2}\b", re.IGNORECASE)
"""How Apache 2.2 refuses a plaintext request on the TLS port: an error page without a head."""


@frozen
class _RedirectVerdict:
    """Where a plaintext request was sent, and whether the server answered it there."""

    where: str
    verdict: Verdict
    evidence: Evidence


async def check_http_plaintext(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``plaintext`` and ``http`` with the plaintext answers."""
    web = facts.inputs.web
    if web is None or not web.is_likely(facts.alpn):
        return
    # With the port, so that it is not a request for the corresponding HTTP port.
    request = PlaintextRequest(f"{web.host}:{web.port}", user_agent=facts.inputs.user_agent)
    on_tls_port = await prober.converse_in_plaintext(request)
    places = [_on_port_of_tls(on_tls_port, web.port)]
    if web.http_port is not None:
        beside, redirects = await _ask_twin_port(
            prober, web, web.http_port, facts.inputs.user_agent
        )
        places.append(beside)
        if redirects is not None:
            facts.http["redirects_to_https"] = redirects
    facts.plaintext["answers_in_plaintext"] = _together(places)


def _together(places: list[_RedirectVerdict]) -> Fact:
    """Yes if any port answers, no if all are proved not to."""
    by_verdict = {place.verdict: place for place in reversed(places)}
    for verdict in (Verdict.YES, Verdict.UNKNOWN, Verdict.NO):
        if place := by_verdict.get(verdict):
            value = place.where if verdict is Verdict.YES else None
            return Fact(verdict=verdict, evidence=place.evidence, value=value)
    raise ValueError("there are no ports to judge")


def _on_port_of_tls(answer: PlaintextAnswer | ConnectFailure, port: int) -> _RedirectVerdict:
    where = f"http on port {port}"
    if isinstance(answer, ConnectFailure):
        return _unanswered(answer, where, is_open=True)
    if answer.reply is None:
        verdict, note = _without_head(answer)
        if not answer.raw and answer.ending is not Ending.SILENCE:
            # The port speaks TLS, so a close without a word is a refusal.
            verdict = Verdict.NO
        if is_html(answer.raw) and _ERROR_TITLE.search(answer.raw):
            verdict, note = Verdict.NO, "an error page without a head, on the TLS port"
        return _RedirectVerdict(where=where, verdict=verdict, evidence=_proof(answer, note))
    status = answer.reply.status
    target = answer.reply.leads_to(read_url("http://host/"))
    is_refusal = status in _REFUSING or (target is not None and target.scheme == "https")
    return _RedirectVerdict(
        where=where,
        verdict=Verdict.NO if is_refusal else Verdict.YES,
        evidence=_proof(answer, f"HTTP status {status} in plaintext on the TLS port"),
    )


async def _ask_twin_port(
    prober: Prober, web: WebSite, port: int, user_agent: str
) -> tuple[_RedirectVerdict, Fact | None]:
    """The answer of the HTTP port, and whether it redirects to HTTPS; None if the answer does not show it."""
    where = f"http on port {port}"
    url = read_url(f"http://{web.host}:{port}/" if port != 80 else f"http://{web.host}/")
    chain, asked = [str(url)], {str(url)}
    first: PlaintextAnswer | None = None
    while True:
        request = PlaintextRequest(url.authority, url.target, user_agent=user_agent)
        answer = await prober.converse_in_plaintext(request, port=port)
        if isinstance(answer, ConnectFailure):
            return _unanswered(answer, where, is_open=False), None
        first = first or answer
        if answer.reply is None:
            return _unread(where, first, answer, chain)
        target = answer.reply.leads_to(url)
        if target is None:
            note = f"HTTP status {answer.reply.status} in plaintext after {len(chain)} request(s)"
            return _served(where, first, chain, note)
        chain.append(str(target))
        if target.scheme == "https":
            answers = await _answers(prober, url, target, web.port, user_agent)
            return _redirected(where, first, chain, answers)
        stays = target.host == url.host and (target.port or 80) == port
        if not stays:
            return _served(where, first, chain, "it redirects to another place over plain HTTP")
        if str(target) in asked or len(chain) > _MOST_HOPS:
            return _served(where, first, chain, "its redirects over plain HTTP form a loop")
        asked.add(str(target))
        url = target


async def _answers(
    prober: Prober, url: Url, target: Url, tls_port: int, user_agent: str
) -> Verdict:
    """Whether something listens where a redirect leads; other hosts are not asked, and count as yes."""
    port = target.port or DEFAULT_PORT
    if target.host != url.host or port == tls_port:
        return Verdict.YES
    request = PlaintextRequest(target.authority, user_agent=user_agent)
    answer = await prober.converse_in_plaintext(request, port=port)
    if not isinstance(answer, ConnectFailure):
        return Verdict.YES
    return Verdict.NO if answer.kind is FailureKind.REFUSED else Verdict.UNKNOWN


def _redirected(
    where: str, answer: PlaintextAnswer, chain: list[str], answers: Verdict
) -> tuple[_RedirectVerdict, Fact]:
    note, addition = {
        Verdict.YES: ("every plaintext answer redirects to HTTPS", ""),
        Verdict.NO: ("the redirect leads to a port on which nothing listens", ", a closed port"),
        Verdict.UNKNOWN: ("the redirect leads to a port that does not answer", ""),
    }[answers]
    proof = _proof(answer, note)
    place = _RedirectVerdict(where=f"{where}, to HTTPS", verdict=Verdict.YES, evidence=proof)
    return place, Fact(verdict=answers, evidence=proof, value=_shown(chain) + addition)


def _served(
    where: str, answer: PlaintextAnswer, chain: list[str], note: str
) -> tuple[_RedirectVerdict, Fact]:
    proof = _proof(answer, note)
    place = _RedirectVerdict(where=where, verdict=Verdict.YES, evidence=proof)
    return place, Fact(verdict=Verdict.NO, evidence=proof, value=_shown(chain))


def _unanswered(kind: ConnectFailure, where: str, *, is_open: bool) -> _RedirectVerdict:
    is_closed = kind.kind is FailureKind.REFUSED and not is_open
    verdict = Verdict.NO if is_closed else Verdict.UNKNOWN
    return _RedirectVerdict(where=where, verdict=verdict, evidence=kind.evidence())


def _unread(
    where: str, first: PlaintextAnswer, answer: PlaintextAnswer, chain: list[str]
) -> tuple[_RedirectVerdict, Fact | None]:
    """An answer without a readable head; a page without a head cannot redirect."""
    verdict, note = _without_head(answer)
    if is_html(answer.raw):
        return _served(where, first, chain, note)
    if first is not answer:
        verdict = Verdict.YES
    proof = _proof(answer, note)
    place = _RedirectVerdict(where=where, verdict=verdict, evidence=proof)
    redirects = Fact(verdict=Verdict.UNKNOWN, evidence=proof, value=_shown(chain))
    return place, redirects if verdict is Verdict.YES else None


def _without_head(answer: PlaintextAnswer) -> tuple[Verdict, str]:
    """Whether bytes without a readable head are an answer in plaintext, and what they are."""
    raw = answer.raw
    if is_html(raw):
        return Verdict.YES, "an HTML page without a head (HTTP/0.9) in plaintext"
    service = plaintext_service(raw)
    if service == "HTTP":
        return Verdict.YES, "it begins like HTTP, and its head cannot be read"
    if is_tls_record(raw):
        return Verdict.NO, "it answered a plaintext request with a TLS record"
    if service is not None or is_ssh(raw):
        return Verdict.NO, f"it answered a plaintext request with {service or 'SSH'}"
    if raw:
        return Verdict.UNKNOWN, "it answered a plaintext request with unknown bytes"
    ending = answer.ending or Ending.CLOSED
    return Verdict.UNKNOWN, f"{ending.value} without an answer to a plaintext request"


def _proof(answer: PlaintextAnswer, note: str) -> Evidence:
    return conversation_evidence(answer.asked, answer.raw, note, is_cut=answer.is_cut)


def _shown(chain: list[str]) -> str:
    return " -> ".join(chain)
