"""Rules on the host keys of an SSH server, and on their certificates."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field, model_validator

from model.findings.finding import Outcome, Severity
from model.judging.ssh import RSA_KEYS, certificate_ends, rsa_bits
from model.verdict import Verdict
from policy.judging.partial_results import listed, not_applicable, unknown
from policy.rule import Evaluation, Family, Judge, Parameters, Rule, Subject

_DEFAULT_RSA_BITS: Final = 3_072
_CERTIFICATES: Final = "_certificate"


class RsaBits(Parameters):
    """``min_rsa_bits``: the shortest RSA host key. ``only_rsa_bits``: the sizes that it may have; empty allows any."""

    min_rsa_bits: int = Field(default=_DEFAULT_RSA_BITS, ge=1_024, le=16_384)
    only_rsa_bits: tuple[Annotated[int, Field(ge=1_024, le=16_384)], ...] = ()

    @model_validator(mode="after")
    def _allows_a_size(self) -> RsaBits:
        if self.only_rsa_bits and max(self.only_rsa_bits) < self.min_rsa_bits:
            raise ValueError(
                f"allows no size: `only_rsa_bits` has none of at least `min_rsa_bits`, {self.min_rsa_bits}"
            )
        return self

    def allows(self, bits: int) -> bool:
        """Whether an RSA host key may have this size."""
        return bits >= self.min_rsa_bits and bits in (self.only_rsa_bits or (bits,))


class Days(Parameters):
    """``min_days``: how long a host certificate must still be valid."""

    min_days: int = Field(default=7, ge=0, le=3_650)


def _bind_size(parameters: RsaBits) -> Judge:
    only = [bits for bits in parameters.only_rsa_bits if parameters.allows(bits)]
    required = (
        f"{listed(map(str, only))} bits" if only else f"at least {parameters.min_rsa_bits} bits"
    )

    def judge(subject: Subject) -> Evaluation:
        facts = subject.observation.ssh
        bits = rsa_bits(facts)
        found = [facts[name] for name in RSA_KEYS if name in facts]
        if bits is not None:
            return Evaluation(
                outcome=Outcome.PASS if parameters.allows(bits) else Outcome.FAIL,
                observed=f"RSA with {bits} bits",
                required=required,
                evidence=next(one.evidence for one in found if one.verdict is Verdict.YES),
            )
        if len(found) == len(RSA_KEYS) and all(one.verdict is Verdict.NO for one in found):
            return not_applicable("no RSA host key", required)
        return unknown("not known whether there is an RSA host key", required)

    return judge


def _bind_expiry(parameters: Days) -> Judge:
    required = f"valid for at least {parameters.min_days} days"

    def judge(subject: Subject) -> Evaluation:
        facts = subject.observation.ssh
        ends = dict(certificate_ends(facts))
        late = subject.at + timedelta(days=parameters.min_days)
        if ends:
            name = min(ends, key=lambda one: ends[one])
            end = ends[name]
            return Evaluation(
                outcome=Outcome.PASS if end >= late else Outcome.FAIL,
                observed=f"the certificate of the {name} key ends on {end:%Y-%m-%d}",
                required=required,
                evidence=facts[f"host_key_{name}_certificate_ends"].evidence,
            )
        found = [fact for name, fact in facts.items() if name.endswith(_CERTIFICATES)]
        if found and all(one.verdict is not Verdict.UNKNOWN for one in found):
            return not_applicable("no host certificate that ends", required)
        return unknown("not known whether there is a host certificate", required)

    return judge


SSH_HOST_KEY_RULES: Final = (
    Rule(
        identifier="TP-SSH-005",
        name="ssh_host_key_size",
        family=Family.SSH,
        requirement="The RSA host key of an SSH server must have an allowed size",
        violation="The RSA host key of the SSH server has a size that is not allowed",
        why="An attacker who finds the key can pretend to be the server.",
        severity=Severity.HIGH,
        parameters=RsaBits,
        bind=_bind_size,
    ),
    Rule(
        identifier="TP-SSH-006",
        name="ssh_host_certificate_expiry",
        family=Family.SSH,
        requirement="The host certificates of an SSH server must not end soon",
        violation="A host certificate of the SSH server ends soon or has ended",
        why="Clients refuse a host certificate after its end.",
        severity=Severity.HIGH,
        parameters=Days,
        bind=_bind_expiry,
    ),
)
