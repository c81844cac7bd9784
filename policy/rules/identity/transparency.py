"""Rules on certificate transparency (RFC 6962; Chrome's and Apple's policies)."""

from __future__ import annotations

from typing import Final, Literal

from pydantic import Field

from model.certificates.certificate import ServedChain
from model.findings.finding import Outcome, Severity
from model.verdict import Verdict
from policy.judging.partial_results import ChainParameters, Part, listed, of_each_chain
from policy.rule import Family, Judge, Rule, Subject

_OUTCOMES: Final = {
    Verdict.YES: Outcome.PASS,
    Verdict.NO: Outcome.FAIL,
    Verdict.UNKNOWN: Outcome.UNKNOWN,
}


class Browsers(ChainParameters):
    """``browsers``: those whose policy must be met. They require nothing of private chains."""

    browsers: tuple[Literal["apple", "chrome"], ...] = Field(
        default=("apple", "chrome"), min_length=1
    )
    only_public: bool = True


def _bind(parameters: Browsers) -> Judge:
    def say(chain: ServedChain, _: Subject) -> Part:
        found = {name: chain.transparency.get(name) for name in parameters.browsers}
        bad = [
            f"{name}: {one.reason or 'not met'}"
            for name, one in found.items()
            if one is not None and one.verdict is Verdict.NO
        ]
        if bad:
            return Outcome.FAIL, "; ".join(bad)
        open_ = [
            f"{name}: {(one.reason if one else None) or 'no log list to check against'}"
            for name, one in found.items()
            if one is None or one.verdict is Verdict.UNKNOWN
        ]
        if open_:
            return Outcome.UNKNOWN, "; ".join(open_)
        return Outcome.PASS, f"met, by {len(chain.scts)} timestamps"

    return of_each_chain(
        f"in public logs as {listed(parameters.browsers)} require",
        say,
        violation="does not meet the Certificate Transparency policy: {}",
        only_public=parameters.only_public,
    )


TRANSPARENCY_RULES: Final = (
    Rule(
        identifier="TP-CT-001",
        name="certificate_transparency",
        family=Family.TRANSPARENCY,
        requirement="The certificate must meet the browsers' Certificate Transparency policies",
        violation="The certificate does not meet a browser's Certificate Transparency policy",
        why="Browsers refuse public certificates that are missing from the public logs.",
        severity=Severity.MEDIUM,
        parameters=Browsers,
        bind=_bind,
    ),
)
