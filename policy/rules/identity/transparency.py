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
    """``browsers``: those whose policy must be met. They ask nothing of private chains."""

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
            f"{name}: {(one.reason if one else None) or 'no list of logs to judge by'}"
            for name, one in found.items()
            if one is None or one.verdict is Verdict.UNKNOWN
        ]
        if open_:
            return Outcome.UNKNOWN, "; ".join(open_)
        return Outcome.PASS, f"met, by {len(chain.scts)} timestamps"

    return of_each_chain(
        f"in public logs as {listed(parameters.browsers)} demand",
        say,
        only_public=parameters.only_public,
    )


TRANSPARENCY_RULES: Final = (
    Rule(
        id="certificate_transparency",
        family=Family.TRANSPARENCY,
        title="The certificate is in public logs as browsers demand.",
        why="Browsers refuse a public certificate that nobody could have seen issued.",
        severity=Severity.MEDIUM,
        parameters=Browsers,
        bind=_bind,
    ),
)
