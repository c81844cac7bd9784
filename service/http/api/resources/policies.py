"""The policies in force."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

from model.claims import CLAIMS_POLICY
from model.verdict import Verdict
from policy.policy import Policy
from policy.policy_json import policy_to_json
from service.http.api import answers
from service.http.api.cursors import Place, place_of
from service.http.api.operation import ApiError, Call, Operation, Reply
from service.http.api.parameters import ListParameters, Parameters
from service.http.api.view import View, Views, counted_page
from service.judging.policy_evaluator import PolicyEvaluator


class PolicyApi:
    """The handlers."""

    def __init__(self, views: Views, evaluator: PolicyEvaluator) -> None:
        self._views = views
        self._evaluator = evaluator

    async def every(self, call: Call[ListParameters, None]) -> Reply:
        """A page of the policies in force."""
        found, view = self._evaluator.book.policies, await self._views.get()
        counts = _compliance(view)
        return Reply(
            value=await counted_page(
                lambda: sorted(found, key=_name_place),
                _name_place,
                "name",
                call.query,
                (answers.Policy, lambda one: _policy_json(one, counts)),
            )
        )

    async def one(self, call: Call[Parameters, None]) -> Reply:
        """One policy."""
        name = call.path("name")
        found = next((one for one in self._evaluator.book.policies if one.name == name), None)
        if name == CLAIMS_POLICY:
            raise ApiError(404, "claims are in no policy: GET /api/v1/claims lists them")
        if found is None:
            raise ApiError(404, f"unknown policy {name!r}: GET /api/v1/policies lists all")
        return Reply(value=_policy_json(found, _compliance(await self._views.get())))


def _name_place(policy: Policy) -> Place:
    return place_of(policy.name, policy.name)


def _compliance(view: View) -> Counter[tuple[str, Verdict]]:
    return Counter(
        (policy, verdict)
        for entry in view.entries.values()
        for policy, verdict in entry.status.compliance.items()
    )


def _policy_json(policy: Policy, counts: Counter[tuple[str, Verdict]]) -> dict[str, Any]:
    fields = policy_to_json(policy)
    fields["applies_to"] = fields.pop("for")
    fields["compliance"] = {one.value: counts[policy.name, one] for one in Verdict}
    return fields


OPERATIONS: Final[Sequence[Operation]] = (
    Operation(
        name="list_policies",
        tag="policies",
        summary="The policies in force.",
        path="/policies",
        handle=PolicyApi.every,
        query=ListParameters,
        answer=answers.Policies,
    ),
    Operation(
        name="get_policy",
        tag="policies",
        summary="One policy with its rules.",
        path="/policies/{name}",
        handle=PolicyApi.one,
        answer=answers.Policy,
    ),
)
"""The operations of this module."""
