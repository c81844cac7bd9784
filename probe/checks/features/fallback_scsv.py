"""Does the server detect a client that was forced to fall back (RFC 7507)?

A server that knows TLS_FALLBACK_SCSV refuses it in a hello below the newest version, with
``inappropriate_fallback``. Some servers close without an alert: if they answer the same hello without the
SCSV, the close counts as a refusal too. Not asked if the server speaks one version only.
"""

from __future__ import annotations

from typing import Final

from model.verdict import Verdict
from probe.checks.answered_offers import accepted_suites, answered_offer
from probe.checks.prober import Prober
from probe.checks.visit_facts import VisitFacts

_TLS_FALLBACK_SCSV: Final = 0x5600


async def check_fallback_scsv(prober: Prober, facts: VisitFacts) -> None:
    """Fills the feature ``fallback_scsv``."""
    versions = sorted(facts.spoken, reverse=True)
    if len(versions) < 2:
        return
    lower = versions[1]
    suites = (*accepted_suites(facts, lower), _TLS_FALLBACK_SCSV)
    exchange = await prober.ask(answered_offer(facts, lower, suites))
    if exchange.is_refusal:
        fact = exchange.fact(Verdict.YES, f"{exchange.summary} to TLS_FALLBACK_SCSV")
    elif exchange.version is not None:
        note = f"{exchange.summary} of {exchange.version.label} to TLS_FALLBACK_SCSV"
        fact = exchange.fact(Verdict.NO, note)
    else:
        fact = exchange.fact(Verdict.UNKNOWN)
    facts.features["fallback_scsv"] = fact
