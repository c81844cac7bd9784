"""Rules on the algorithms that an SSH server offers (RFC 4253, section 7.1)."""

from __future__ import annotations

from typing import Final

from pydantic import Field, model_validator

from model.findings.finding import Outcome, Severity
from model.judging.ssh import ALGORITHM_LISTS, algorithms
from model.verdict import Fact, Verdict
from policy.judging.partial_results import Part, listed, unknown, worst
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject

_WORDS: Final = {
    "key_exchange": "key exchange",
    "host_keys": "host key",
    "ciphers": "cipher",
    "macs": "MAC",
}
_POST_QUANTUM: Final = "post_quantum_offered"


class SshAlgorithms(Parameters):
    """The algorithms that may be offered, by kind; a kind that is not set may have any."""

    key_exchange: tuple[str, ...] = ()
    host_keys: tuple[str, ...] = ()
    ciphers: tuple[str, ...] = ()
    macs: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_which(self) -> SshAlgorithms:
        if not any(self.allowed(kind) for kind in ALGORITHM_LISTS):
            raise ValueError(
                "allows everything: add `key_exchange`, `host_keys`, `ciphers` or `macs`"
            )
        return self

    def allowed(self, kind: str) -> tuple[str, ...]:
        """The allowed names of one kind."""
        names: tuple[str, ...] = getattr(self, kind)
        return names


class NoParameters(Parameters):
    """No parameters."""


class Methods(Parameters):
    """``any_of``: methods of which at least one must be offered; by default any that resists quantum computers."""

    any_of: tuple[str, ...] = Field(default=())


def _bind_algorithms(parameters: SshAlgorithms) -> Judge:
    kinds = [kind for kind in ALGORITHM_LISTS if parameters.allowed(kind)]
    required = "; ".join(
        f"{_WORDS[kind]}: only {listed(parameters.allowed(kind))}" for kind in kinds
    )

    def judge(subject: Subject) -> Evaluation:
        facts = subject.observation.ssh
        parts: list[Part] = []
        for kind in kinds:
            offered = algorithms(facts, kind)
            if offered is None:
                parts.append((Outcome.UNKNOWN, f"the {_WORDS[kind]} algorithms are not known"))
                continue
            bad = [name for name in offered if name not in parameters.allowed(kind)]
            outcome = Outcome.FAIL if bad else Outcome.PASS
            said = f"{_WORDS[kind]}: {listed(bad or offered)}"
            parts.append((outcome, said))
        proof = facts.get("kex_algorithms")
        return worst(parts, required, None if proof is None else proof.evidence)

    return judge


def _bind_fact(name: str, *, wanted: Verdict, required: str, met: str, unmet: str) -> Judge:
    """The rule is met if the fact has the ``wanted`` verdict; ``met`` and ``unmet`` say what was seen."""

    def judge(subject: Subject) -> Evaluation:
        fact = subject.observation.ssh.get(name)
        if fact is None or fact.verdict is Verdict.UNKNOWN:
            return unknown(f"not known: {name}", required, None if fact is None else fact.evidence)
        is_met = fact.verdict is wanted
        return Evaluation(
            outcome=Outcome.PASS if is_met else Outcome.FAIL,
            observed=f"{met if is_met else unmet}{_value(fact)}",
            required=required,
            evidence=fact.evidence,
        )

    return judge


def _value(fact: Fact) -> str:
    return f": {listed((fact.value or '').split(','))}" if fact.value else ""


def _bind_terrapin(_: NoParameters) -> Judge:
    return _bind_fact(
        "terrapin",
        wanted=Verdict.NO,
        required="strict key exchange, or no ChaCha20 and no CBC with encrypt-then-MAC",
        met="not vulnerable",
        unmet="key exchange is not strict, and Terrapin attacks these ciphers",
    )


def _bind_version_1(_: NoParameters) -> Judge:
    return _bind_fact(
        "version_1",
        wanted=Verdict.NO,
        required="version 2 alone",
        met="version 2 alone",
        unmet="version 1 is supported",
    )


def _bind_post_quantum(parameters: Methods) -> Judge:
    wanted = parameters.any_of
    required = f"one of {listed(wanted)}" if wanted else "a post-quantum key exchange method"

    def judge(subject: Subject) -> Evaluation:
        fact = subject.observation.ssh.get(_POST_QUANTUM)
        if fact is None or fact.verdict is Verdict.UNKNOWN:
            return unknown("the key exchange methods are not known", required)
        offered = tuple(name for name in (fact.value or "").split(",") if name)
        found = [name for name in offered if not wanted or name in wanted]
        return Evaluation(
            outcome=Outcome.PASS if found else Outcome.FAIL,
            observed=f"offers {listed(found or offered)}",
            required=required,
            evidence=fact.evidence,
        )

    return judge


SSH_ALGORITHM_RULES: Final = (
    Rule(
        identifier="TP-SSH-001",
        name="ssh_algorithms",
        family=Family.SSH,
        requirement="An SSH server may offer only the allowed algorithms",
        violation="The SSH server offers algorithms that are not allowed",
        why="Client and server agree on the first algorithm of the client that the server has too.",
        severity=Severity.MEDIUM,
        parameters=SshAlgorithms,
        bind=_bind_algorithms,
    ),
    Rule(
        identifier="TP-SSH-002",
        name="ssh_terrapin",
        family=Family.SSH,
        requirement="An SSH server must not be vulnerable to Terrapin",
        violation="The SSH server is vulnerable to Terrapin (CVE-2023-48795)",
        why="An attacker on the way can remove the first encrypted messages unnoticed.",
        severity=Severity.MEDIUM,
        parameters=NoParameters,
        bind=_bind_terrapin,
    ),
    Rule(
        identifier="TP-SSH-003",
        name="ssh_post_quantum",
        family=Family.SSH,
        requirement="An SSH server must offer a post-quantum key exchange",
        violation="The SSH server offers no post-quantum key exchange",
        why="Quantum computers will decrypt what is recorded today.",
        severity=Severity.MEDIUM,
        parameters=Methods,
        bind=_bind_post_quantum,
    ),
    Rule(
        identifier="TP-SSH-004",
        name="ssh_version_1",
        family=Family.SSH,
        requirement="An SSH server must not support version 1",
        violation="The SSH server supports version 1",
        why="Version 1 does not protect the integrity of what it encrypts.",
        severity=Severity.CRITICAL,
        parameters=NoParameters,
        bind=_bind_version_1,
    ),
)
