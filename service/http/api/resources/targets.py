"""Targets: those of all sources, and those that clients add, label and remove."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, WithJsonSchema

from discovery.source import META_PREFIX
from discovery.targets import TargetError, parse_target
from exporters.word_search import has_words
from model.target import Target, endpoint_id
from service.http.api import answers
from service.http.api.cursors import Place, place_of
from service.http.api.frame import check_match
from service.http.api.operation import ApiError, Call, Json, Operation, Reply
from service.http.api.parameters import Label, ListParameters, Parameters, Text, labels_of
from service.http.api.resources.endpoints import target_json
from service.http.api.view import counted_page
from service.http.guard.turns import Shared
from service.http.targets import Check, TargetDesk
from service.http.text_answers import API
from service.http.waivers import RefusedError

_MOST_LABELS: Final = 32
_SHOWN: Final = 60


def _labels(labels: Mapping[str, str | None]) -> Mapping[str, str | None]:
    for name, text in labels.items():
        if name.startswith(META_PREFIX):
            raise ValueError(
                f"must not have the name {name[:_SHOWN]!r}: {META_PREFIX} begins names that are only for relabelling"
            )
        if not _NAME.fullmatch(name):
            raise ValueError(
                f"must not have the name {name[:_SHOWN]!r}: use 1 to 200 characters, none of them = or a control "
                "character"
            )
        if text is not None and not _TEXT.fullmatch(text):
            raise ValueError(
                f"must not have this value of {name[:_SHOWN]!r}: use at most 200 characters, none of them a control "
                "character"
            )
    return labels


def _schema(values: Json, fewest: int) -> WithJsonSchema:
    return WithJsonSchema(
        {
            "type": "object",
            "propertyNames": {"type": "string", "pattern": f"^(?!{META_PREFIX}){_NAME.pattern}$"},
            "additionalProperties": values,
            "minProperties": fewest,
            "maxProperties": _MOST_LABELS,
        }
    )


_NAME: Final = re.compile("[^=\\x00-\\x1f\\x7f]{1,200}")
_TEXT: Final = re.compile("[^\\x00-\\x1f\\x7f]{0,200}")
_TEXT_SCHEMA: Final[Json] = {"type": "string", "pattern": f"^{_TEXT.pattern}$"}
_NewLabels = Annotated[
    dict[str, str],
    Field(max_length=_MOST_LABELS),
    AfterValidator(_labels),
    _schema(_TEXT_SCHEMA, 0),
]
_ChangedLabels = Annotated[
    dict[str, str | None],
    Field(min_length=1, max_length=_MOST_LABELS),
    AfterValidator(_labels),
    _schema({"anyOf": [_TEXT_SCHEMA, {"type": "null"}]}, 1),
]


class NewTarget(BaseModel):
    """A target to probe at intervals, in the form of targets files: `HOST`, `HOST:PORT` or a URL.

    `server_name` is the name (SNI) to send if it is not the host; an empty one sends none.
    """

    model_config = ConfigDict(extra="forbid")

    target: Annotated[str, Field(min_length=1, max_length=2000)]
    server_name: Annotated[str, Field(max_length=253)] | None = None
    protocol: Annotated[str, Field(min_length=1, max_length=100)] | None = None
    labels: _NewLabels = {}


class ChangedTarget(BaseModel):
    """The labels to set, and those to remove, which are null; other labels stay."""

    model_config = ConfigDict(extra="forbid")

    labels: _ChangedLabels


class TargetParameters(ListParameters):
    """Filters of targets."""

    q: Text | None = Field(
        None, description="only with every word in the key, a label or the source"
    )
    label: tuple[Label, ...] = Field(
        (), max_length=_MOST_LABELS, description="only with the label `NAME=VALUE`"
    )


class TargetApi:
    """The handlers."""

    def __init__(self, desk: TargetDesk) -> None:
        self._desk = desk
        self._keys = Shared(self._made)

    async def every(self, call: Call[TargetParameters, None]) -> Reply:
        """A page of targets."""
        query, every = call.query, self._desk.every()

        def found() -> Sequence[Target]:
            labels = labels_of(query.label)
            wanted = (one for one in every.values() if _matches(one, query, labels))
            return sorted(wanted, key=_key_place)

        shown = (answers.ListedTarget, self._json)
        return Reply(value=await counted_page(found, _key_place, "key", query, shown))

    async def one(self, call: Call[Parameters, None]) -> Reply:
        """One target."""
        return Reply(value=self._json(await self._known(call)))

    async def add(self, call: Call[Parameters, NewTarget]) -> Reply:
        """Add a target."""
        target = _target_of(call.body)
        with _refusals():
            await self._desk.add(target, call.by)
        self._keys.expire()
        headers = {"location": f"{API}/targets/{endpoint_id(target.key)}"}
        shown = self._desk.known(target.key) or target
        return Reply(value=self._json(shown), status=201, headers=headers)

    async def label(self, call: Call[Parameters, ChangedTarget]) -> Reply:
        """Set and remove labels."""
        known = await self._known(call)
        with _refusals():
            await self._desk.label(known.key, call.body.labels, call.by, self._match(call, known))
        return Reply(value=self._json(self._desk.known(known.key) or known))

    async def remove(self, call: Call[Parameters, None]) -> Reply:
        """Remove a target."""
        known = await self._known(call)
        with _refusals():
            await self._desk.remove(known.key, call.by, self._match(call, known))
        self._keys.expire()
        return Reply(status=204)

    async def _known(self, call: Call[Any, Any]) -> Target:
        target_id = call.path("id")
        key = (await self._keys.get()).get(target_id)
        found = None if key is None else self._desk.known(key)
        if found is None:
            raise ApiError(404, f"unknown target {target_id!r}: GET {API}/targets lists all")
        return found

    async def _made(self) -> Mapping[str, str]:
        every = self._desk.every()
        return await asyncio.to_thread(lambda: {endpoint_id(key): key for key in every})

    def _match(self, call: Call[Any, Any], known: Target) -> Check:
        """Checks If-Match against the target with its labels as they are stored now."""
        return lambda before: check_match(call.request, _json(known, before))

    def _json(self, target: Target) -> Json:
        return _json(target, self._desk.own(target.key))


def _json(target: Target, own: Target | None) -> Json:
    return {**target_json(target), "api_labels": None if own is None else dict(own.labels)}


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except RefusedError as refused:
        raise ApiError(refused.status, str(refused)) from refused


def _target_of(body: NewTarget) -> Target:
    try:
        return parse_target(
            body.target, server_name=body.server_name, protocol=body.protocol, labels=body.labels
        )
    except TargetError as error:
        raise ApiError(422, str(error)) from error


def _matches(target: Target, query: TargetParameters, labels: Mapping[str, str]) -> bool:
    return labels.items() <= target.labels.items() and has_words(_text_of(target), query.q)


def _key_place(target: Target) -> Place:
    return place_of(target.key, target.key)


def _text_of(target: Target) -> str:
    labels = (f"{name}={value}" for name, value in target.labels.items())
    return "\n".join((target.key, target.source, *labels)).lower()


_ELSEWHERE: Final = {
    403: "the client does not have the role, or the target may not be probed",
    409: "the target comes from another source, and can only be changed there",
}

OPERATIONS: Final[Sequence[Operation]] = (
    Operation(
        name="list_targets",
        tag="targets",
        summary="The targets of all sources.",
        path="/targets",
        handle=TargetApi.every,
        query=TargetParameters,
        answer=answers.Targets,
    ),
    Operation(
        name="get_target",
        tag="targets",
        summary="One target.",
        path="/targets/{id}",
        handle=TargetApi.one,
        answer=answers.ListedTarget,
    ),
    Operation(
        name="add_target",
        tag="targets",
        summary="Probe a target at intervals from now on. Labels that control probing need the role admin.",
        path="/targets",
        method="POST",
        status=201,
        handle=TargetApi.add,
        body=NewTarget,
        answer=answers.ListedTarget,
        may_answer={
            **_ELSEWHERE,
            409: "the API has this target already, or there are too many",
        },
    ),
    Operation(
        name="label_target",
        tag="targets",
        summary="Set and remove labels of a target that a client has added.",
        path="/targets/{id}",
        method="PATCH",
        handle=TargetApi.label,
        body=ChangedTarget,
        answer=answers.ListedTarget,
        takes_match=True,
        may_answer=_ELSEWHERE,
    ),
    Operation(
        name="remove_target",
        tag="targets",
        summary="Remove a target that a client has added; its history stays.",
        path="/targets/{id}",
        method="DELETE",
        status=204,
        handle=TargetApi.remove,
        answer=None,
        takes_match=True,
        may_answer=_ELSEWHERE,
    ),
)
"""The operations of this module."""
