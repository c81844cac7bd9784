"""What stands beside a served chain: word on its revocation, and its timestamps of public logs.

Judged once the visit is over, from what the server sent, and from what is fetched where the user
wants it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from model.certificate import Deployment, Problem, RevocationMethod
from probe.certificates import with_revocations
from probe.checks.interview import side_by_side
from probe.checks.learnt import Stapled
from probe.checks.part import Part
from probe.revocation import Fetcher, RevocationChecker, issuer_of_leaf, judge_staple
from probe.settings import ProbeSettings
from probe.transparency import Beside, judge_policies, judge_scts, read_log_list


class Surroundings:
    """Judges them for any number of visits.

    Raises:
        LogListError: at construction, when the log list cannot be used.
    """

    def __init__(self, settings: ProbeSettings) -> None:
        self._is_asked = Part.REVOCATION in settings.parts
        self._logs = read_log_list(settings.log_list) if settings.log_list else None
        self._revocation = (
            RevocationChecker(Fetcher(settings.revocation_networks))
            if settings.fetches_revocation
            else None
        )

    async def judged(
        self, chains: tuple[Deployment, ...], stapled: list[Stapled] | None, at: datetime
    ) -> tuple[Deployment, ...]:
        """The chains with their surroundings; where ``stapled`` is None, what came stays as it was."""
        if not self._is_asked:
            return chains
        return tuple(await side_by_side(*(self._judged(one, stapled, at) for one in chains)))

    async def _judged(
        self, found: Deployment, stapled: list[Stapled] | None, at: datetime
    ) -> Deployment:
        fetched = () if self._revocation is None else await self._revocation.check(found.chain, at)
        if stapled is None:
            kept = (one for one in found.revocations if one.method is RevocationMethod.STAPLE)
            was_asked = Problem.STAPLE_MISSING in found.problems
            return with_revocations(found, [*kept, *fetched], was_asked=was_asked)
        beside = [one for one in stapled if one.leaf == found.leaf.der]
        staple = next((one.ocsp_response for one in beside if one.ocsp_response), None)
        sct_list = next((one.sct_list for one in beside if one.sct_list), None)
        scts = judge_scts(
            found.leaf.der or b"",
            issuer_of_leaf(found.chain),
            Beside(sct_list=sct_list, ocsp_response=staple),
            self._logs,
            at,
        )
        revocations = [*judge_staple(found.chain, staple, at), *fetched]
        return replace(
            with_revocations(found, revocations, was_asked=bool(beside)),
            scts=scts,
            transparency=judge_policies(found.leaf, scts, self._logs),
        )
