"""The named facts of an Observation as rows of its report: HTTP, plaintext, features, vulnerabilities.

The short report has those that most readers know, in words. The verbose one has all by their names, which
``docs/reference/checks.md`` explains and ``tlsprobe explain`` takes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import Group, RenderableType

from exporters.fact_words import (
    ATTACK_WORDS,
    FEATURE_WORDS,
    HTTP_WORDS,
    PLAINTEXT_WORDS,
    QUIC_WORDS,
)
from exporters.terminal.console import printable
from exporters.terminal.safe_text import SafeText
from exporters.terminal.scan_report.layout import Row, Words, row
from exporters.terminal.words import NAME_LIMIT, listed, say
from model.findings.attacks import attack_with_cves
from model.intrusiveness import words_for_not_asked
from model.observation import Observation
from model.sections import without_unknown
from model.target_labels import http_port_of
from model.verdict import Fact, UnknownCause, Verdict


def fact_rows(observation: Observation, *, verbose: bool) -> Iterator[Row]:
    """Web, QUIC and plaintext facts, then features and vulnerabilities."""
    yield from _web_rows(observation, verbose=verbose)
    shown = observation if verbose else without_unknown(observation)
    if shown.quic:
        words = {} if verbose else QUIC_WORDS
        yield row("QUIC", Words(_with_verdicts(shown.quic, words), ", "))
    if shown.plaintext:
        words = {} if verbose else PLAINTEXT_WORDS
        yield row("plaintext", Words(_with_verdicts(shown.plaintext, words), ", "))
    if observation.alpn:
        yield row("ALPN", listed(observation.alpn))
    yield from _all_named(observation) if verbose else _common(observation)
    for text in words_for_not_asked(observation.not_asked):
        yield row("not asked", SafeText(text, style="dim"))


def _web_rows(observation: Observation, *, verbose: bool) -> Iterator[Row]:
    parts: list[RenderableType] = []
    if observation.http:
        facts = observation.http
        shown = facts if verbose else {name: facts[name] for name in HTTP_WORDS if name in facts}
        if shown:
            parts.append(Words(_with_verdicts(shown, {} if verbose else HTTP_WORDS), ", "))
    target = observation.endpoint.target
    if observation.http and http_port_of(target) is None:
        parts.append(
            SafeText(
                "plain HTTP not checked: no http_port (add --label http_port=80, with its port)",
                style="yellow",
            )
        )
    if parts:
        yield row("HTTP", Group(*parts))


def _common(observation: Observation) -> Iterator[Row]:
    known = {
        name: fact
        for name in FEATURE_WORDS
        if (fact := observation.features.get(name)) is not None
        and fact.verdict is not Verdict.UNKNOWN
    }
    if known:
        yield row("features", Words(_with_verdicts(known, FEATURE_WORDS, values=False), ", "))
    if observation.vulnerabilities:
        yield row("attacks", _attacks(observation))
    yield from _unknown_rows(observation)


def _attacks(observation: Observation) -> RenderableType:
    by_verdict: dict[Verdict, list[str]] = {verdict: [] for verdict in Verdict}
    for name, fact in observation.vulnerabilities.items():
        by_verdict[fact.verdict].append(name)
    count, sound = len(observation.vulnerabilities), len(by_verdict[Verdict.NO])
    lines = [SafeText(f"not vulnerable to {sound} of {count} known attacks", style="dim")]
    if names := by_verdict[Verdict.YES]:
        titles = ", ".join(map(attack_with_cves, names))
        lines.insert(0, SafeText(f"vulnerable to {titles}", style="bold red"))
    return Group(*lines)


def _unknown_rows(observation: Observation) -> Iterator[Row]:
    """Unknown is not broken; what only a client with a certificate could find out is one line."""
    named: dict[bool, list[str]] = {False: [], True: []}
    others = {False: 0, True: 0}
    for words, facts in (
        (ATTACK_WORDS, observation.vulnerabilities),
        (FEATURE_WORDS, observation.features),
        (HTTP_WORDS, observation.http),
        (QUIC_WORDS, observation.quic),
        (PLAINTEXT_WORDS, observation.plaintext),
    ):
        for name, fact in facts.items():
            if fact.verdict is Verdict.UNKNOWN:
                needs = fact.cause is UnknownCause.NEEDS_CLIENT_CERTIFICATE
                if name in words:
                    named[needs].append(words[name])
                else:
                    others[needs] += 1
    for needs, why in ((False, ""), (True, "needs a client certificate: ")):
        found = named[needs] + [_counted(others[needs])] * bool(others[needs])
        if found:
            yield row("unknown", SafeText(why + ", ".join(found), style="magenta"))


def _counted(others: int) -> str:
    return "1 more fact (--verbose)" if others == 1 else f"{others} more facts (--verbose)"


def _all_named(observation: Observation) -> Iterator[Row]:
    for label, verdict, facts, style in (
        ("features", Verdict.YES, observation.features, ""),
        ("missing", Verdict.NO, observation.features, "dim"),
        ("unknown", Verdict.UNKNOWN, observation.features, "magenta"),
        ("vulnerable", Verdict.YES, observation.vulnerabilities, "bold red"),
        ("unproven", Verdict.UNKNOWN, observation.vulnerabilities, "magenta"),
        ("sound", Verdict.NO, observation.vulnerabilities, "dim"),
    ):
        found = [name for name, fact in sorted(facts.items()) if fact.verdict is verdict]
        if found:
            words = ", ".join(_with_value(name, facts[name].value) for name in found)
            yield row(label, SafeText(words, style=style))
    if observation.fingerprints:
        prints = [
            say(f"{name}: {value}", limit=NAME_LIMIT)
            for name, value in observation.fingerprints.items()
        ]
        yield row(
            "software", Group(SafeText("fingerprints of the TLS library:", style="dim"), *prints)
        )


def _with_value(name: str, value: str | None) -> str:
    return name if value is None else f"{name} ({printable(value, limit=NAME_LIMIT)})"


def _with_verdicts(
    facts: Mapping[str, Fact], words: Mapping[str, str], *, values: bool = True
) -> list[SafeText]:
    return [
        SafeText(
            f"{_with_value(words.get(name, name), fact.value if values else None)} {fact.verdict}"
        )
        for name, fact in facts.items()
    ]
