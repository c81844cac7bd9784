"""The named facts of an Observation as rows of its report: plaintext, HTTPS, features, vulnerabilities."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from rich.console import RenderableType
from rich.text import Text

from exporters.terminal.console import printable
from exporters.terminal.scan_report_words import NAME_LIMIT, REASON_LIMIT, listed, say
from model.intrusiveness import words_for_not_asked
from model.observation import Observation
from model.verdict import Fact, Verdict


def named_facts(observation: Observation) -> Iterator[tuple[str, RenderableType]]:
    """Plaintext and HTTPS facts, then features and vulnerabilities by verdict."""
    if observation.plaintext:
        yield "plaintext", Text(", ".join(_with_verdicts(observation.plaintext)))
    if observation.http:
        yield "https", Text(", ".join(_with_verdicts(observation.http)))
    if observation.alpn:
        yield "ALPN", listed(observation.alpn)
    for label, verdict, facts, style in (
        ("features", Verdict.YES, observation.features, ""),
        ("not supported", Verdict.NO, observation.features, "dim"),
        ("unknown", Verdict.UNKNOWN, observation.features, "magenta"),
        ("vulnerable", Verdict.YES, observation.vulnerabilities, "bold red"),
        ("unproven", Verdict.UNKNOWN, observation.vulnerabilities, "magenta"),
        ("not vulnerable", Verdict.NO, observation.vulnerabilities, "dim"),
    ):
        found = [name for name, fact in sorted(facts.items()) if fact.verdict is verdict]
        if found:
            words = ", ".join(_with_value(name, facts[name].value) for name in found)
            yield label, Text(words, style=style)
    for words in words_for_not_asked(observation.not_asked):
        yield "not asked", Text(words, style="dim")
    for name, fingerprint in observation.fingerprints.items():
        yield name.replace("_", " "), say(fingerprint, limit=NAME_LIMIT)
    for contradiction in observation.contradictions:
        yield "contradiction", say(contradiction.subject, limit=REASON_LIMIT)


def _with_value(name: str, value: str | None) -> str:
    return name if value is None else f"{name} ({printable(value, limit=NAME_LIMIT)})"


def _with_verdicts(facts: Mapping[str, Fact]) -> Iterator[str]:
    for name, fact in sorted(facts.items()):
        yield f"{_with_value(name, fact.value)} {fact.verdict}"
