"""Comparison of facts that have a verdict under a name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from model.comparisons.difference import Difference, appeared, changed, vanished
from model.observation import Observation
from model.verdict import Fact, Verdict

Words: TypeAlias = Callable[[str, bool], str]


def feature_words(name: str, is_yes: bool) -> str:
    """A feature appeared or vanished."""
    return f"{name} {'appeared' if is_yes else 'vanished'}"


def vulnerability_words(name: str, is_yes: bool) -> str:
    """An attack became possible or impossible."""
    return f"{'now' if is_yes else 'no longer'} vulnerable to {name}"


def plaintext_words(name: str, is_yes: bool) -> str:
    """The service started or stopped doing something without TLS."""
    return f"without TLS: {name} {'now' if is_yes else 'no longer'}"


def ssh_words(name: str, is_yes: bool) -> str:
    """An SSH server gained or lost a property."""
    return f"SSH: {name} {'now' if is_yes else 'no longer'}"


def quic_words(name: str, is_yes: bool) -> str:
    """A property of the server's QUIC side appeared or vanished."""
    return f"QUIC: {name.removeprefix('quic ')} {'now' if is_yes else 'no longer'}"


def ike_words(name: str, is_yes: bool) -> str:
    """An IKE responder gained or lost a property."""
    return f"IKE: {name} {'now' if is_yes else 'no longer'}"


def http_words(name: str, is_yes: bool) -> str:
    """A property of the HTTP response appeared or vanished."""
    return f"HTTP: {name} {'appeared' if is_yes else 'vanished'}"


def compare_named_facts(
    before: Observation, after: Observation, *, section: str, words: Words
) -> Iterator[Difference]:
    """The changed facts of one section; ``words`` describes a fact that became yes or no."""
    facts_before: Mapping[str, Fact] = getattr(before, section)
    facts_after: Mapping[str, Fact] = getattr(after, section)
    for name in sorted(facts_before.keys() & facts_after.keys()):
        yield from _compare(f"{section}.{name}", name, facts_before[name], facts_after[name], words)


def _compare(fact: str, name: str, before: Fact, after: Fact, words: Words) -> Iterator[Difference]:
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
