"""Remarks on IKE responders."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from exporters.terminal.remarks.remark import Remark
from model.findings.finding import Severity
from model.judging.ike import weak_accepted
from model.observation import Observation
from model.registry.ike_transforms import TransformType
from model.verdict import Verdict

_RULES: Final = {
    TransformType.ENCRYPTION: ("TP-IKE-003", Severity.HIGH),
    TransformType.PRF: ("TP-IKE-004", Severity.MEDIUM),
    TransformType.INTEGRITY: ("TP-IKE-005", Severity.MEDIUM),
    TransformType.KEY_EXCHANGE: ("TP-IKE-006", Severity.HIGH),
}
_FIX: Final = "remove them from the proposals: `proposals` in swanctl.conf, `ike=` in ipsec.conf"
_NO_VERSION_1: Final = "set `version = 2` in swanctl.conf, or `ikev2=insist` in ipsec.conf"


def ike_remarks(observation: Observation) -> Iterator[Remark]:
    """IKEv1, and weak transforms of each type."""
    facts = observation.ike
    for name, words, rule, severity in (
        ("ikev1_aggressive_mode", "aggressive mode", "TP-IKE-002", Severity.HIGH),
        ("ikev1_main_mode", "main mode", "TP-IKE-001", Severity.MEDIUM),
    ):
        if name in facts and facts[name].verdict is Verdict.YES:
            text = f"IKEv1 answers in {words}, with {facts[name].value}"
            yield Remark(severity=severity, text=text, fix=_NO_VERSION_1, rules=frozenset({rule}))
    for kind, (rule, severity) in _RULES.items():
        if weak := weak_accepted(facts, kind):
            text = f"weak {kind.words} is accepted: {', '.join(weak)}"
            yield Remark(severity=severity, text=text, fix=_FIX, rules=frozenset({rule}))
