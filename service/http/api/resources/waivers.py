"""Waivers: added, extended and ended by operators; the owner is who did it, by the name that the service knows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from exporters.word_search import has_words
from model.encoding.finding_json import waiver_to_json
from model.findings.finding import Waiver
from policy.files.document import Name, Sentence, end_of
from service.http.api import answers
from service.http.api.cursors import Place, place_of
from service.http.api.frame import check_match
from service.http.api.operation import ApiError, Call, Json, Operation, Reply
from service.http.api.parameters import ListParameters, Parameters, Text
from service.http.api.view import counted_page
from service.http.text_answers import API
from service.http.waivers import (
    MOST_LABELS,
    LabelText,
    RefusedError,
    WaiverDesk,
    changed,
    owner_of,
)


class NewWaiver(BaseModel):
    """A waiver to add: `rule` is a rule's name or identifier; `expires` is its last day (UTC)."""

    model_config = ConfigDict(extra="forbid")

    name: Name
    rule: Name
    reason: Sentence
    expires: date
    policy: Name | None = None
    target: Sentence | None = None
    labels: dict[LabelText, LabelText] = Field(default={}, max_length=MOST_LABELS)


class ChangedWaiver(BaseModel):
    """What to change of a waiver: its last day, its reason, or both."""

    model_config = ConfigDict(extra="forbid")

    expires: date | None = None
    reason: Sentence | None = None


class WaiverParameters(ListParameters):
    """Filters of waivers."""

    q: Text | None = Field(None, description="only with every word in name, rule, owner or reason")
    sort: Literal["name", "-name", "expires_at", "-expires_at"] = Field(
        "name", description="the order; a leading minus reverses it"
    )


class WaiverApi:
    """The handlers."""

    def __init__(self, desk: WaiverDesk) -> None:
        self._desk = desk

    async def every(self, call: Call[WaiverParameters, None]) -> Reply:
        """A page of waivers."""
        query = call.query
        found = [
            one
            for one in self._desk.evaluator.waivers
            if has_words("\n".join((one.name, one.rule, one.owner, one.reason)).lower(), query.q)
        ]
        place = _name_place if query.sort.endswith("name") else _end_place
        shown = (answers.ListedWaiver, self._json)
        return Reply(
            value=await counted_page(
                lambda: sorted(found, key=place), place, query.sort, query, shown
            )
        )

    async def one(self, call: Call[Parameters, None]) -> Reply:
        """One waiver."""
        return Reply(value=self._json(self._known(call.path("name"))))

    async def add(self, call: Call[Parameters, NewWaiver]) -> Reply:
        """Add a waiver."""
        body = call.body

        def is_new(before: Waiver | None) -> None:
            if before is not None:
                raise ApiError(
                    409, f"there is a waiver {body.name!r} already: change it with PATCH"
                )

        fields = body.model_dump(exclude={"expires"})
        waiver = Waiver(**fields, expires_at=end_of(body.expires), owner=owner_of(call.by))
        await self._put(waiver, call, is_new)
        location = {"location": f"{API}/waivers/{waiver.name}"}
        return Reply(value=self._json(waiver), status=201, headers=location)

    async def change(self, call: Call[Parameters, ChangedWaiver]) -> Reply:
        """Extend a waiver, or change its reason."""
        before, body = self._known(call.path("name")), call.body
        after = changed(before, call.by, expires=body.expires, reason=body.reason)

        def is_same(now: Waiver | None) -> None:
            if now is not None:
                check_match(call.request, self._json(now))
            if now != before and before.name not in self._desk.of_files:
                raise ApiError(412, "another client has just changed it: read it again, and repeat")

        await self._put(after, call, is_same)
        return Reply(value=self._json(after))

    async def end(self, call: Call[Parameters, None]) -> Reply:
        """End a waiver."""
        name = call.path("name")

        def is_same(now: Waiver | None) -> None:
            if now is not None:
                check_match(call.request, self._json(now))

        try:
            was_there = await self._desk.remove(name, call.by, is_same)
        except RefusedError as refused:
            raise ApiError(refused.status, str(refused)) from refused
        if not was_there:
            raise _unknown(name)
        return Reply(status=204)

    async def _put(
        self,
        waiver: Waiver,
        call: Call[Parameters, Any],
        check: Callable[[Waiver | None], None],
    ) -> None:
        try:
            await self._desk.put(waiver, call.by, check)
        except RefusedError as refused:
            status = 422 if refused.status == 400 else refused.status
            raise ApiError(status, str(refused)) from refused

    def _known(self, name: str) -> Waiver:
        found = self._desk.known(name)
        if found is None:
            raise _unknown(name)
        return found

    def _json(self, waiver: Waiver) -> Json:
        origin = "file" if waiver.name in self._desk.of_files else "api"
        is_over = waiver.expires_at <= self._desk.now()
        return {**waiver_to_json(waiver), "origin": origin, "expired": is_over}


def _name_place(waiver: Waiver) -> Place:
    return place_of(waiver.name, waiver.name)


def _end_place(waiver: Waiver) -> Place:
    return place_of(waiver.expires_at.timestamp(), waiver.name)


def _unknown(name: str) -> ApiError:
    return ApiError(404, f"unknown waiver {name!r}: GET {API}/waivers lists all")


_OF_FILES: Final = {409: "the waiver is in a policy file, and can only be changed there"}

OPERATIONS: Final[Sequence[Operation]] = (
    Operation(
        name="list_waivers",
        tag="waivers",
        summary="The waivers of policy files and of the API.",
        path="/waivers",
        handle=WaiverApi.every,
        query=WaiverParameters,
        answer=answers.Waivers,
    ),
    Operation(
        name="get_waiver",
        tag="waivers",
        summary="One waiver.",
        path="/waivers/{name}",
        handle=WaiverApi.one,
        answer=answers.ListedWaiver,
    ),
    Operation(
        name="add_waiver",
        tag="waivers",
        summary="Accept findings until a given day. The owner is the client.",
        path="/waivers",
        method="POST",
        status=201,
        handle=WaiverApi.add,
        body=NewWaiver,
        answer=answers.ListedWaiver,
        may_answer={409: "there is a waiver with this name, or there are too many"},
    ),
    Operation(
        name="change_waiver",
        tag="waivers",
        summary="Extend or shorten a waiver, or change its reason. The client becomes the owner.",
        path="/waivers/{name}",
        method="PATCH",
        handle=WaiverApi.change,
        body=ChangedWaiver,
        answer=answers.ListedWaiver,
        takes_match=True,
        may_answer=_OF_FILES,
    ),
    Operation(
        name="end_waiver",
        tag="waivers",
        summary="End a waiver: its findings are open again.",
        path="/waivers/{name}",
        method="DELETE",
        status=204,
        handle=WaiverApi.end,
        answer=None,
        takes_match=True,
        may_answer=_OF_FILES,
    ),
)
"""The operations of this module."""
