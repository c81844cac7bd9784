"""The settings that exist at a place of the configuration; an unknown setting is compared with them."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, get_args, get_origin

from pydantic import BaseModel

from model.encoding.earlier_names import SETTINGS, renamed
from service.config.settings import ProbeLimits, ServiceSettings
from service.setting_types.by_type import ByType

Place: TypeAlias = tuple[int | str, ...]
"""Keys and indexes from the outermost to the innermost, with the ``type`` where it chooses the settings."""

_Models: TypeAlias = list[tuple[str, type[BaseModel]]]


def suggestion(place: Place, path: Place) -> str:
    """A hint for an unknown setting: the most similar known one, or all settings of its section.

    Args:
        place: its path in pydantic's form.
        path: the same without types, as the user writes it.
    """
    *outer, written = map(str, path)
    section = "".join(f"{part}." for part in outer)
    known = {name: f"{section}{name}" for name in names_at(place[:-1])}
    # Users often write settings of `probe` at the top level.
    others = {} if section else {name: f"probe.{name}" for name in ProbeLimits.model_fields}
    everything = {**others, **known}
    if close := difflib.get_close_matches(written, sorted(everything), n=1):
        return f"did you mean {everything[close[0]]}?"
    return f"the settings are {', '.join(sorted(known.values()))}"


def renaming(place: Place, path: Place) -> str | None:
    """The sentence for an unknown setting that is an earlier name of one of its section; None for any other."""
    *outer, written = map(str, path)
    name = SETTINGS.get(written)
    if name is None or name not in names_at(place[:-1]):
        return None
    section = "".join(f"{part}." for part in outer)
    return renamed(f"{section}{written}", f"{section}{name}")


def types_at(place: Place) -> list[str]:
    """The values of ``type`` that choose the settings at ``place``."""
    return sorted({chosen_by for chosen_by, _ in _models_at(place)} - {""})


def takes_json(place: Place) -> bool:
    """Whether the setting at ``place`` is a list, a mapping or a section: JSON in an environment variable."""
    *outer, name = place
    fields = (one.model_fields.get(str(name)) for _, one in _models_at(tuple(outer)))
    return any(field is not None and _is_structured(field.annotation) for field in fields)


def names_at(place: Place) -> set[str]:
    """The settings of the section at ``place``."""
    fields = [item for _, one in _models_at(place) for item in one.model_fields.items()]
    return {str(field.validation_alias or name) for name, field in fields} - {"config_file"}


def _models_at(place: Place) -> _Models:
    models: _Models = [("", ServiceSettings)]
    for part in map(str, place):
        fields = [one.model_fields[part] for _, one in models if part in one.model_fields]
        if fields:
            models = [found for field in fields for found in _models_in(field.annotation)]
        else:
            # The key of a mapping and the index of a list do not choose a model; a type does.
            models = [one for one in models if one[0] == part] or models
    return models


def _is_structured(annotation: Any) -> bool:
    origin = get_origin(annotation) or annotation
    structured = (tuple, frozenset, Mapping, BaseModel)
    if isinstance(origin, type) and issubclass(origin, structured):
        return True
    return any(map(_is_structured, get_args(annotation)))


def _models_in(annotation: Any) -> Iterator[tuple[str, type[BaseModel]]]:
    """The models that a value of this type may be, or may contain as elements; each with its ``type``, or ""."""
    arguments = get_args(annotation)
    if isinstance(annotation, ByType):
        yield from annotation.choices.items()
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield "", annotation
    for argument in [one for one in arguments if isinstance(one, ByType)] or arguments:
        yield from _models_in(argument)
