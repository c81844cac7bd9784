"""Rules on vulnerabilities, by the names of ``docs/reference/checks.md``.

For a separate finding with its own severity per attack, a policy uses the rule once for each attack, each
time under a name of its own.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from pydantic import Field

from model.findings.attacks import attack_title, attack_with_cves
from model.findings.finding import Outcome, Severity
from model.judging.asked import vulnerability_does_not_apply
from model.verdict import Evidence, Fact, Verdict
from policy.fact_names import VULNERABILITIES
from policy.judging.partial_results import Part, listed, not_asked, with_shared_cause, worst
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject
from policy.values import VulnerabilityName

_WORDS: Final = {
    Verdict.YES: (Outcome.FAIL, "vulnerable to"),
    Verdict.NO: (Outcome.PASS, "not vulnerable to"),
    Verdict.UNKNOWN: (Outcome.UNKNOWN, "not known:"),
}


class Vulnerabilities(Parameters):
    """``vulnerabilities``: the attacks that the endpoint must not be vulnerable to."""

    vulnerabilities: tuple[VulnerabilityName, ...] = Field(default=VULNERABILITIES, min_length=1)


def _bind(parameters: Vulnerabilities) -> Judge:
    required = f"not vulnerable to {listed(map(attack_title, parameters.vulnerabilities))}"

    def judge(subject: Subject) -> Evaluation:
        observation = subject.observation
        parts: list[Part] = []
        proofs: dict[Outcome, Evidence | None] = {}
        failing: list[str] = []
        open_facts: list[Fact | None] = []
        for name in parameters.vulnerabilities:
            fact = observation.vulnerabilities.get(name)
            if fact is not None:
                outcome, words = _WORDS[fact.verdict]
                value = f" ({fact.value})" if fact.value else ""
                parts.append((outcome, f"{words} {attack_title(name)}{value}"))
                failing += [f"{attack_with_cves(name)}{value}"] * (outcome is Outcome.FAIL)
                proofs.setdefault(outcome, fact.evidence)
            elif name in observation.not_asked:
                parts.append(not_asked(observation.not_asked[name], name))
            elif vulnerability_does_not_apply(observation, name):
                parts.append((Outcome.NOT_APPLICABLE, f"{attack_title(name)} does not apply"))
            else:
                parts.append((Outcome.UNKNOWN, f"not probed: {attack_title(name)}"))
            if parts[-1][0] is Outcome.UNKNOWN:
                open_facts.append(fact)
        text = f"Vulnerable to {listed(failing)}" if failing else ""
        ruling = with_shared_cause(worst(parts, required), open_facts)
        ruling = replace(ruling, violation=text)
        proof = proofs.get(ruling.outcome)
        return ruling if proof is None else replace(ruling, evidence=proof)

    return judge


VULNERABILITY_RULES: Final = (
    Rule(
        identifier="TP-VULN-001",
        name="not_vulnerable",
        family=Family.VULNERABILITIES,
        requirement="The endpoint must not be vulnerable to the named attacks",
        violation="The endpoint is vulnerable to a known attack",
        why="Each attack is public, and tools exist for most.",
        severity=Severity.HIGH,
        parameters=Vulnerabilities,
        bind=_bind,
    ),
)
