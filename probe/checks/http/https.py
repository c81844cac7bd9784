"""What does a web server say about HTTPS, in the head of its answer to one request?

One full handshake at the newest version, with one GET inside it (Strict-Transport-Security counts only over
TLS: RFC 6797, section 8.1). Asked if the port or ALPN makes HTTP likely. A page without a head (HTTP/0.9)
has no fields, so the facts that need one are no; a head that cannot be read leaves them unknown. A server that
answers with another protocol is not a web server; the check then reports nothing.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Final

from model.protocol_version import ProtocolVersion
from model.verdict import Evidence, Fact, Verdict
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.before_tls.greetings import is_html, plaintext_service
from probe.dialogue.handshake import Handshake, PostHandshakeAction
from probe.web.fields import alternative_protocols, cookies_without_secure, strict_transport
from probe.web.reply import HttpReply, read_reply
from probe.web.url import read_url

HTTPS_FACTS: Final = (
    "status",
    "server",
    "hsts",
    "hsts_include_subdomains",
    "hsts_preload",
    "secure_cookies",
    "redirect_downgrade",
    "http2",
    "http3_advertised",
)
_LONGEST_VALUE: Final = 200
_LONGEST_PROOF: Final = 2048
_HTTP2: Final = "h2"


async def check_https(prober: Prober, facts: VisitFacts) -> None:
    """Fills ``http`` with the facts from one answer."""
    version = max(facts.spoken, default=ProtocolVersion.SSLV3)
    web = facts.inputs.web
    if web is None or not web.is_likely(facts.alpn) or version < ProtocolVersion.TLSV1_0:
        return
    handshake = await prober.handshake(
        replace(
            facts.http_handshake(version),
            post_handshake=PostHandshakeAction.HTTP_HEAD,
            user_agent=facts.inputs.user_agent,
        )
    )
    reply = read_reply(handshake.reply)
    if reply is None:
        facts.http |= _facts_without_head(handshake)
        return
    facts.http |= _facts(reply, web.authority, facts)


def _facts_without_head(handshake: Handshake) -> dict[str, Fact]:
    """The facts from an answer that is missing, or has no head that can be read."""
    received = handshake.reply
    if received and plaintext_service(received) != "HTTP":
        return {}
    if not is_html(received):
        return dict.fromkeys(("status", "hsts"), handshake.fact(Verdict.UNKNOWN))
    proof = Evidence(
        answer=received[:_LONGEST_PROOF],
        note="an HTML page without a head (HTTP/0.9)",
        is_cut=len(received) > _LONGEST_PROOF,
    )
    return {
        "status": Fact(verdict=Verdict.UNKNOWN, evidence=proof),
        "hsts": Fact(verdict=Verdict.NO, evidence=proof),
    }


def _facts(reply: HttpReply, authority: str, facts: VisitFacts) -> dict[str, Fact]:
    fact = partial(stated, reply)
    found = {"status": fact(True, "the answer to one GET request", str(reply.status))}
    server = reply.fields.get("server")
    if server is not None:
        found["server"] = fact(True, "the Server field of the answer", server)
    found |= _strict_transport(reply)
    bare = cookies_without_secure(reply.fields)
    if bare is not None:
        note = f"without Secure: {', '.join(bare)[:_LONGEST_VALUE]}" if bare else "all are Secure"
        found["secure_cookies"] = fact(not bare, note)
    target = reply.leads_to(read_url(f"https://{authority}/"))
    if target is not None:
        is_downgrade = target.scheme != "https"
        found["redirect_downgrade"] = fact(is_downgrade, "the target of the redirect", str(target))
    alpn = facts.features.get("alpn")
    if alpn is not None and alpn.verdict is not Verdict.UNKNOWN:
        found["http2"] = fact(_HTTP2 in facts.alpn, "by ALPN")
    others = alternative_protocols(reply.fields)
    is_quic = any(name.startswith("h3") for name in others)
    found["http3_advertised"] = fact(is_quic, "by Alt-Svc", ", ".join(others) or None)
    return found


def _strict_transport(reply: HttpReply) -> dict[str, Fact]:
    policy = strict_transport(reply.fields)
    if policy is None:
        was_sent = "strict-transport-security" in reply.fields
        note = "the field is malformed" if was_sent else "the field is missing"
        return {"hsts": stated(reply, False, note)}
    age = policy.max_age_seconds
    note = "max-age in seconds" if age else "max-age=0 asks browsers to forget it"
    return {
        "hsts": stated(reply, age > 0, note, str(age)),
        "hsts_include_subdomains": stated(reply, policy.include_subdomains, "includeSubDomains"),
        "hsts_preload": stated(reply, policy.preload, "preload"),
    }


def stated(reply: HttpReply, is_so: bool, note: str, value: str | None = None) -> Fact:
    """A fact from an answer, with its head as the proof."""
    return Fact(
        verdict=Verdict.YES if is_so else Verdict.NO,
        evidence=Evidence(answer=reply.raw, note=note, is_cut=reply.is_cut),
        value=None if value is None else value[:_LONGEST_VALUE],
    )
