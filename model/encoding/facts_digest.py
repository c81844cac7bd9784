"""The identity of what a visit learnt: equal for two visits that learnt the same facts.

It is asked of every visit, most of which learn nothing new, so it is one hash over the facts' texts in
one order rather than over their JSON. Evidence, cost, time, wording, labels and what follows from a
certificate's own bytes are no part of it. A fact that is added to the Observation must be added here: a
test changes each in turn.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from model.certificates.certificate import Judgement, ServedChain, TrustVerdict
from model.observation import AcceptedSet, ClientAuth, Observation
from model.protocol_version import ProtocolVersion
from model.verdict import Fact

_END: Final = "\x1e"
_NONE: Final = "\x00"


def facts_digest(observation: Observation) -> str:
    """The SHA-256, in hex, of the facts alone."""
    texts = list(_texts(observation))
    # What is quoted from a server may hold half a character; any bytes do for a digest.
    return hashlib.sha256("\x1f".join(texts).encode(errors="surrogatepass")).hexdigest()


def _texts(observation: Observation) -> Iterator[str]:
    yield observation.endpoint.key
    yield observation.state
    for version, fact in sorted(observation.protocols.items()):
        yield from (version.label, fact.verdict, fact.value or _NONE)
    yield _END
    yield from _of_sets(observation.cipher_suites)
    yield from _of_sets(observation.groups)
    yield from _of_sets(observation.signature_schemes)
    for deployment in observation.certificates:
        yield from _of_deployment(deployment)
    yield _END
    for version, found in sorted(observation.client_auth.items()):
        yield version.label
        yield from _of_client_auth(found)
    yield _END
    for prime in observation.dh:
        yield from (prime.prime_sha256, str(prime.prime_bits), prime.known_as or _NONE)
        yield from (prime.is_safe_prime, *(version.label for version in prime.versions), _END)
    yield _END
    yield from observation.alpn
    yield _END
    yield from _of_facts(observation.features)
    yield from _of_facts(observation.vulnerabilities)
    yield from _of_facts(observation.plaintext)
    yield from _of_facts(observation.http)
    for name, fingerprint in sorted(observation.fingerprints.items()):
        yield from (name, fingerprint)
    yield _END
    yield from (one.subject for one in observation.contradictions)
    for name, level in sorted(observation.not_asked.items()):
        yield from (_END, name, level)


def _of_facts(facts: Mapping[str, Fact]) -> Iterable[str]:
    texts: list[str] = []
    for name in sorted(facts):
        fact = facts[name]
        texts += (name, fact.verdict, _NONE if fact.value is None else fact.value)
    texts.append(_END)
    return texts


def _of_sets(sets: Mapping[ProtocolVersion, AcceptedSet]) -> Iterator[str]:
    for version, found in sorted(sets.items()):
        yield version.label
        yield from found.accepted
        yield from (str(found.complete), found.preference, _END)
    yield _END


def _of_deployment(one: ServedChain) -> Iterator[str]:
    yield one.key_type
    yield from (certificate.sha256 for certificate in one.chain)
    yield _END
    yield from (version.label for version in one.versions)
    yield from (str(one.served_with_server_name), one.hostname_matches)
    yield from one.problems
    yield _END
    yield from one.names
    yield from _of_trust(one.trust)
    for word in one.revocations:
        # A response is renewed every few days, and says the same.
        yield from (str(word.position), word.method, word.is_revoked, _moment(word.revoked_at))
        yield word.source or _NONE
    yield _END
    for sct in one.scts:
        yield from (sct.source, sct.log_id, _moment(sct.at), sct.log_name or _NONE)
        yield from (sct.operator or _NONE, sct.is_valid, sct.reason or _NONE)
    yield _END
    yield from _of_judgements(one.transparency)
    yield from _of_judgements(one.dns)
    if one.completion is not None:
        yield from (certificate.sha256 for certificate in one.completion.issuers)
        yield _END
        yield from _of_trust(one.completion.trust)
        yield one.completion.reason or _NONE
    yield _END


def _of_trust(trust: Mapping[str, TrustVerdict]) -> Iterator[str]:
    for store, word in sorted(trust.items()):
        verdict = word.verdict if word.failure is None else f"{word.verdict} {word.failure}"
        yield from (store, verdict, word.reason or _NONE, _moment(word.path_not_after))
        yield from (word.strict, word.strict_reason or _NONE)
    yield _END


def _of_judgements(judgements: Mapping[str, Judgement]) -> Iterator[str]:
    for name, word in sorted(judgements.items()):
        yield from (name, word.verdict, word.reason or _NONE)
    yield _END


def _of_client_auth(found: ClientAuth) -> Iterator[str]:
    yield from (found.mode, found.asked_on_path or _NONE, found.verifies or _NONE)
    yield from found.ca_names
    yield _END
    yield from found.certificate_types
    yield _END
    yield from found.signature_schemes
    yield _END
    for attempt in found.attempts:
        yield from (attempt.forged, attempt.is_accepted)
    yield _END
    for own in (found.own, found.expired):
        if own is not None:
            yield from (own.identity, own.sha256, _moment(own.not_after), own.is_accepted)
        yield _END


def _moment(at: datetime | None) -> str:
    return _NONE if at is None else at.isoformat()
