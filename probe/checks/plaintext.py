"""What does the server do without TLS? (RFC 8314; RFC 7590; CWE-319)

One connection on which no TLS is asked for, as far as the protocol lets anybody go without
credentials; and whether STARTTLS, where it is offered, led to TLS in this visit.
"""

from __future__ import annotations

from typing import Final

from model.verdict import Evidence, Fact, Verdict
from probe.checks.interview import Interview
from probe.checks.learnt import Learnt
from probe.tls.answer import NoConnection, Obstacle

PLAINTEXT: Final = (
    "answers_in_clear",
    "login_before_tls",
    "starttls_enforced",
    "starttls_offered",
    "starttls_works",
)
_REFUSALS: Final = frozenset({Obstacle.NOT_OFFERED, Obstacle.DECLINED})


async def learn_plaintext(interview: Interview, learnt: Learnt) -> None:
    """Fills ``plaintext`` where the protocol has words before TLS, or goes on without it."""
    if learnt.begins_in_clear:
        learnt.plaintext["starttls_works"] = _works(interview, learnt)
    if learnt.looks_in_clear is None:
        return
    dialogue = learnt.looks_in_clear()
    notebook = await interview.converse_in_clear(dialogue)
    if isinstance(notebook, NoConnection):
        proof = Evidence(note=notebook.detail)
        learnt.plaintext["answers_in_clear"] = Fact(verdict=Verdict.UNKNOWN, evidence=proof)
        return
    said, heard = dialogue.said or None, dialogue.heard or None
    for name, remark in notebook.remarks.items():
        proof = Evidence(offer=said, answer=heard, note=remark.note)
        learnt.plaintext[name] = Fact(verdict=remark.verdict, evidence=proof, value=remark.value)
    if "answers_in_clear" not in learnt.plaintext:
        proof = Evidence(offer=said, answer=heard, note="what was said in clear proves neither")
        learnt.plaintext["answers_in_clear"] = Fact(verdict=Verdict.UNKNOWN, evidence=proof)


def _works(interview: Interview, learnt: Learnt) -> Fact:
    proved = next(iter(learnt.spoken.values()), None)
    if proved is not None:
        return proved.fact(Verdict.YES, "TLS was spoken behind it")
    answers = [one.answer for one in interview.exchanges if isinstance(one.answer, NoConnection)]
    refusal = next((one for one in answers if one.obstacle in _REFUSALS), None)
    if refusal is not None:
        proof = Evidence(answer=refusal.raw or None, note=refusal.detail)
        return Fact(verdict=Verdict.NO, evidence=proof)
    note = answers[0].detail if answers else "no version of TLS was proved behind it"
    return Fact(verdict=Verdict.UNKNOWN, evidence=Evidence(note=note))
