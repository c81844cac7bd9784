"""The ServerKeyExchanges that came in plaintext up to TLS 1.2, in answer to any question.

The enumeration of suites got one with each ephemeral suite. The checks of groups, finite fields and
signatures start from them and often need no further question.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from model.frozen import frozen
from model.protocol_version import ProtocolVersion
from model.registry import CipherSuite, alert_name, cipher_suite_by_code_point
from probe.checks.answered_offers import accepted_suites
from probe.checks.prober import Prober
from probe.checks.versions_and_suites.strike_out import Struck
from probe.checks.visit_facts import VisitFacts
from probe.dialogue.answer import ServerFlight
from probe.dialogue.exchange import INTERNAL_ERROR, Exchange
from probe.dialogue.offer import NO_CHANGES
from probe.tls.messages import ServerKeyExchange


@frozen
class SeenKeyExchange:
    """One ServerKeyExchange, with its suite and version."""

    exchange: Exchange
    version: ProtocolVersion
    suite: CipherSuite
    sent: ServerKeyExchange

    @property
    def answers_the_usual_hello(self) -> bool:
        """Whether the hello offered all groups and schemes of its version in their usual order."""
        offer = self.exchange.offer
        return offer.version is self.version and offer.changes == NO_CHANGES


def key_exchanges(prober: Prober, facts: VisitFacts) -> Iterator[SeenKeyExchange]:
    """The ServerKeyExchanges that answer hellos with the server name with which the versions were proved."""
    for exchange in prober.exchanges:
        answer, version = exchange.answer, exchange.version
        if version is None or version not in facts.spoken:
            continue
        if not isinstance(answer, ServerFlight) or answer.server_key_exchange is None:
            continue
        suite = cipher_suite_by_code_point(answer.hello.cipher_suite)
        named = facts.shape_at(version).server_name
        if suite is not None and exchange.offer.shape.server_name == named:
            yield SeenKeyExchange(
                exchange=exchange, version=version, suite=suite, sent=answer.server_key_exchange
            )


def suites_with(
    facts: VisitFacts, version: ProtocolVersion, *key_exchange_kinds: str
) -> tuple[CipherSuite, ...]:
    """The given suites that ``version`` accepts, as many as fit into one hello.

    If its suites were not asked about, the suites of the hello that proved the version are used.
    """
    found = (cipher_suite_by_code_point(suite) for suite in accepted_suites(facts, version))
    fitting = [suite for suite in found if suite and suite.key_exchange in key_exchange_kinds]
    return tuple(fitting[: facts.shape_at(version).most_cipher_suites])


def sent_in(exchange: Exchange) -> ServerKeyExchange | None:
    """The ServerKeyExchange of a flight at the version offered, if there is one."""
    answer = exchange.answer
    if not isinstance(answer, ServerFlight) or exchange.version is not exchange.offer.version:
        return None
    return answer.server_key_exchange


async def confirm_end_by_alert(prober: Prober, struck: Struck) -> Struck:
    """Completes a series of questions that ended with a fatal alert after a ServerHello.

    OpenSSL chooses ECDHE_PSK suites whatever the groups are, and Java chooses any suite whatever the
    signature schemes are; both fail at the ServerKeyExchange. Java then sends ``internal_error``, which
    overload could also cause, so that question is asked again together with the control.
    """
    alert = _alert_in_place_of_keys(struck.last)
    if alert is None:
        return struck
    if alert == INTERNAL_ERROR:
        is_well = await prober.ask_control()
        again = await prober.ask_once(struck.last.offer)
        if not is_well or _alert_in_place_of_keys(again) != alert:
            return struck
    reason = f"alert {alert_name(alert)} in place of the ServerKeyExchange"
    return replace(struck, proves_end=reason)


def _alert_in_place_of_keys(exchange: Exchange) -> int | None:
    answer = exchange.answer
    if not isinstance(answer, ServerFlight) or answer.server_key_exchange is not None:
        return None
    return answer.alert
