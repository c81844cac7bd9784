"""Comparison of lists: primes, protocol ids, fingerprints, contradictions."""

from __future__ import annotations

from collections.abc import Iterator

from model.comparisons.difference import Difference, appeared, changed, vanished
from model.observation import Observation


def compare_primes(before: Observation, after: Observation) -> Iterator[Difference]:
    """Diffie-Hellman groups that were replaced by others."""
    # An empty list may mean that no prime was seen: only a replacement shows a difference.
    known = {prime.prime_sha256: prime for prime in before.dh}
    now = {prime.prime_sha256: prime for prime in after.dh}
    if not known or not now:
        return
    for identity in sorted(now.keys() - known.keys()):
        prime = now[identity]
        name = prime.known_as or f"a custom prime of {prime.prime_bits} bits"
        yield appeared(f"dh.{identity}", name, f"Diffie-Hellman group appeared: {name}")
    for identity in sorted(known.keys() - now.keys()):
        prime = known[identity]
        name = prime.known_as or f"a custom prime of {prime.prime_bits} bits"
        yield vanished(f"dh.{identity}", name, f"Diffie-Hellman group vanished: {name}")


def compare_alpn(before: Observation, after: Observation) -> Iterator[Difference]:
    """Accepted ALPN protocol ids."""
    # An empty list does not show whether the question was asked.
    if before.alpn and after.alpn:
        for name in sorted(set(after.alpn) - set(before.alpn)):
            yield appeared("alpn", name, f"ALPN protocol {name} appeared")
        for name in sorted(set(before.alpn) - set(after.alpn)):
            yield vanished("alpn", name, f"ALPN protocol {name} vanished")


def compare_fingerprints(before: Observation, after: Observation) -> Iterator[Difference]:
    """Fingerprints that both visits have."""
    for name in sorted(before.fingerprints.keys() & after.fingerprints.keys()):
        was, now = before.fingerprints[name], after.fingerprints[name]
        if was != now:
            yield changed(f"fingerprints.{name}", was, now, f"fingerprint {name} changed")


def compare_contradictions(before: Observation, after: Observation) -> Iterator[Difference]:
    """Questions with contradictory answers now that had none before."""
    known = {one.subject for one in before.contradictions}
    for subject in sorted({one.subject for one in after.contradictions} - known):
        yield appeared(
            "contradictions",
            subject,
            f"answers contradict each other on {subject}: several servers behind one address?",
        )
