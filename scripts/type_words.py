"""What a setting's type allows, in words: "list of paths", "1 to 100000", "`auto` or `off`"."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from datetime import date, time
from enum import Enum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias, Union, get_args, get_origin

import annotated_types
from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from service.setting_types.by_type import ByType

Models: TypeAlias = Mapping[type[BaseModel], tuple[str, ...]]
"""Models, each with the values of ``type`` that choose it; empty if there is one model."""

_WORDS: Final[Mapping[Any, str]] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "`true` or `false`",
    Path: "path",
    IPv4Network: "network",
    IPv6Network: "network",
    time: "time of day",
    date: "day",
    AwareDatetime: "time with its zone",
    Any: "anything",
}
_PLURALS: Final[Mapping[str, str]] = {
    "text": "texts",
    "whole number": "whole numbers",
    "path": "paths",
    "network": "networks",
    "time with its zone": "times with their zones",
    "section": "sections",
}
_UNIONS: Final = (Union, types.UnionType)


def in_words(field: FieldInfo) -> str:
    """What ``field`` takes."""
    return _with_bounds(_words(field.annotation), field.metadata)


def models_in(annotation: Any) -> Iterator[tuple[str, Models]]:
    """The models that ``annotation`` leads to, each with its place below: "", ``.NAME`` or ``[]``.

    Models that are chosen by their ``type`` come together.
    """
    origin, arguments = get_origin(annotation), get_args(annotation)
    choices = next((one.choices for one in arguments if isinstance(one, ByType)), None)
    if choices is not None:
        yield "", {model: _names_of(model, choices) for model in dict.fromkeys(choices.values())}
    elif origin is Annotated:
        yield from models_in(arguments[0])
    elif origin in _UNIONS:
        for one in arguments:
            yield from models_in(one)
    elif origin in (tuple, frozenset):
        yield from ((f"[]{place}", models) for place, models in models_in(arguments[0]))
    elif origin is not None and _is_mapping(origin):
        yield from ((f".NAME{place}", models) for place, models in models_in(arguments[1]))
    elif _is_model(annotation):
        yield "", {annotation: ()}


def _names_of(model: type[BaseModel], choices: Mapping[str, type[BaseModel]]) -> tuple[str, ...]:
    return tuple(name for name, one in choices.items() if one is model)


def _is_mapping(origin: Any) -> bool:
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _words(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _with_bounds(_words(arguments[0]), arguments[1:])
    if origin in _UNIONS:
        parts = [_words(one) for one in arguments if one is not type(None)]
        return " or ".join(dict.fromkeys(parts))
    if origin is Literal:
        return " or ".join(f"`{_yaml_word(one)}`" for one in arguments)
    if origin in (tuple, frozenset):
        return f"list of {_several(arguments[0])}"
    if _is_mapping(origin):
        return f"mapping of names to {_several(arguments[1])}"
    if _is_model(annotation):
        return "section"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " or ".join(f"`{getattr(one, 'label', one.value)}`" for one in annotation)
    return _WORDS[annotation]


def _several(annotation: Any) -> str:
    words, comma, bounds = _words(annotation).partition(",")
    return f"{_PLURALS.get(words, words.replace(' or ', ', '))}{comma}{bounds}"


def _yaml_word(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _with_bounds(words: str, metadata: Any) -> str:
    """``words`` with the bounds among ``metadata``, those of a pydantic Field too."""
    least = most = ""
    for one in _flat(metadata):
        match one:
            case annotated_types.Ge(ge=bound):
                least = f"at least {bound:,}"
            case annotated_types.Gt(gt=bound):
                least = f"over {bound:,}"
            case annotated_types.Le(le=bound):
                most = f"at most {bound:,}"
            case annotated_types.MinLen(min_length=bound):
                least = f"at least {bound} of them"
    return ", ".join(part for part in (words, least, most) if part)


def _flat(metadata: Any) -> Iterator[Any]:
    for one in metadata:
        if isinstance(one, FieldInfo):
            yield from one.metadata
        else:
            yield one
