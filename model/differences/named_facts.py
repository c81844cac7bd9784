"""Facts that have a verdict under a name, and Diffie-Hellman primes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from model.differences.difference import Difference, appeared, changed, vanished
from model.observation import Observation
from model.verdict import Fact, Verdict

_Words: TypeAlias = Callable[[str, bool], str]


def _feature_words(name: str, is_yes: bool) -> str:
    return f"{name} {'appeared' if is_yes else 'vanished'}"


def _vulnerability_words(name: str, is_yes: bool) -> str:
    return f"{'now' if is_yes else 'no longer'} vulnerable to {name}"


def _plaintext_words(name: str, is_yes: bool) -> str:
    return f"without TLS: {name} {'now' if is_yes else 'no longer'}"


def _http_words(name: str, is_yes: bool) -> str:
    return f"HTTP: {name} {'appeared' if is_yes else 'vanished'}"


_PARTS: Final[tuple[tuple[str, _Words], ...]] = (
    ("features", _feature_words),
    ("vulnerabilities", _vulnerability_words),
    ("plaintext", _plaintext_words),
    ("http", _http_words),
)


def compare_named_facts(before: Observation, after: Observation) -> Iterator[Difference]:
    """Features, vulnerabilities, what is done without TLS and by HTTP; and primes."""
    for part, words in _PARTS:
        facts_before: Mapping[str, Fact] = getattr(before, part)
        facts_after: Mapping[str, Fact] = getattr(after, part)
        for name in sorted(facts_before.keys() & facts_after.keys()):
            yield from _compare(
                f"{part}.{name}", name, facts_before[name], facts_after[name], words
            )
    yield from _compare_primes(before, after)


def _compare(
    fact: str, name: str, before: Fact, after: Fact, words: _Words
) -> Iterator[Difference]:
    verdicts = (before.verdict, after.verdict)
    spoken = name.replace("_", " ")
    if verdicts == (Verdict.NO, Verdict.YES):
        yield appeared(fact, after.value or "yes", words(spoken, True))
    elif verdicts == (Verdict.YES, Verdict.NO):
        yield vanished(fact, before.value or "yes", words(spoken, False))
    elif (
        Verdict.UNKNOWN not in verdicts
        and before.value is not None
        and after.value is not None
        and before.value != after.value
    ):
        sentence = f"{spoken} changed from {before.value} to {after.value}"
        yield changed(fact, before.value, after.value, sentence)


def _compare_primes(before: Observation, after: Observation) -> Iterator[Difference]:
    # No prime may mean that none was met: only one for another shows a difference.
    known = {prime.prime_sha256: prime for prime in before.dh}
    now = {prime.prime_sha256: prime for prime in after.dh}
    if not known or not now:
        return
    for identity in sorted(now.keys() - known.keys()):
        prime = now[identity]
        name = prime.known_as or f"an own prime of {prime.prime_bits} bits"
        yield appeared(f"dh.{identity}", name, f"Diffie-Hellman group appeared: {name}")
    for identity in sorted(known.keys() - now.keys()):
        prime = known[identity]
        name = prime.known_as or f"an own prime of {prime.prime_bits} bits"
        yield vanished(f"dh.{identity}", name, f"Diffie-Hellman group vanished: {name}")
