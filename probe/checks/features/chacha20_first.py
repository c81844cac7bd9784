"""Does a server with its own order follow a client that puts ChaCha20 first?

Such a client has no AES in hardware. OpenSSL's PrioritizeChaCha and BoringSSL's equal groups follow this
preference, but no other one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from model.protocol_version import ProtocolVersion
from model.verdict import Preference, Verdict
from probe.checks.answered_offers import accepted_suites, answered_offer
from probe.checks.prober import Prober, side_by_side
from probe.checks.riding.riders import OnceRider, Rider, answers_to_riders
from probe.checks.versions_and_suites.strike_out import picked_cipher_suite
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.exchange import Exchange
from probe.dialogue.offer import Offer
from probe.dialogue.preference import is_chacha20


async def check_chacha20_first(prober: Prober, facts: VisitFacts) -> None:
    """Fills the feature ``yields_to_chacha20`` if the server's order begins with another suite.

    Its value names the versions at which the server follows the client.
    """
    asked = [version for version in sorted(facts.spoken) if _is_open(facts, version)]
    if not asked:
        return
    answers = await side_by_side(*(_ask(prober, facts, version) for version in asked))
    yielding = [one for one in answers if is_chacha20(picked_cipher_suite(one) or 0)]
    if yielding:
        labels = ",".join(one.offer.version.label for one in yielding)
        fact = yielding[-1].fact(
            Verdict.YES, f"selects ChaCha20 if it is offered first, at {labels}", labels
        )
    elif all(one.version is not None for one in answers):
        fact = answers[-1].fact(
            Verdict.NO, "selects another suite, although ChaCha20 is offered first"
        )
    else:
        fact = next(one for one in answers if one.version is None).fact(Verdict.UNKNOWN)
    facts.features["yields_to_chacha20"] = fact


def _is_open(facts: VisitFacts, version: ProtocolVersion) -> bool:
    found = facts.cipher_suites.get(version)
    if found is None or found.preference is not Preference.SERVER:
        return False
    favours_chacha20 = "CHACHA20" in found.accepted[0]
    return not favours_chacha20 and any("CHACHA20" in name for name in found.accepted)


async def _ask(prober: Prober, facts: VisitFacts, version: ProtocolVersion) -> Exchange:
    asked = _with_chacha20_first(facts.spoken[version].offer)
    favourite = accepted_suites(facts, version)[0]
    for earlier in answers_to_riders(prober, asked):
        suites = earlier.offer.cipher_suites
        if is_chacha20(suites[0]) and favourite in suites:
            return earlier
    return await prober.ask(_with_chacha20_first(answered_offer(facts, version)))


def _with_chacha20_first(asked: Offer) -> Offer:
    suites = sorted(asked.cipher_suites, key=lambda suite: not is_chacha20(suite))
    return replace(asked, cipher_suites=tuple(suites))


def chacha20_rider(suites: Iterable[int]) -> Rider | None:
    """Puts ChaCha20 first in one hello of a series; None if the ``suites`` of the series have no ChaCha20."""
    return OnceRider(_with_chacha20_first) if any(map(is_chacha20, suites)) else None
