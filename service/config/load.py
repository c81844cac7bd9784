"""Loads the settings of a service; an error is one sentence: which setting is wrong, and how to fix it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError

from model.encoding.earlier_names import SETTING_VALUES, renamed
from model.safe_output.plain_validation import plain_validation, shown_value
from model.safe_output.secret_text import masked_urls
from policy.files.yaml_file import ConfigError, KeyPath, read_yaml_mapping
from service.config.known_settings import renaming, suggestion, takes_json, types_at
from service.config.settings import ENVIRONMENT_NESTING, ENVIRONMENT_PREFIX, ServiceSettings
from service.config.unknown_variables import refuse_misspelt_variables

MODULES: Final = ("on_demand", "modules")
_CONFIG_FILE_VARIABLE: Final = f"{ENVIRONMENT_PREFIX}CONFIG_FILE"


def load_settings(config_file: Path | None, **given: Any) -> ServiceSettings:
    """Load the settings from ``config_file``, the environment, and ``given``, which takes precedence.

    Raises:
        ConfigError: for the first invalid value, with its place and how to fix it.
    """
    if config_file is not None:
        given["config_file"] = config_file
    try:
        settings = ServiceSettings(**given)
    except ValidationError as error:
        # Report a misspelt setting first: it may be the one that is missing.
        problems = sorted(
            error.errors(include_url=False), key=lambda one: one["type"] != "extra_forbidden"
        )
        # A value that may have several forms has an error for each form.
        others = len({_as_written(one["loc"]) for one in problems}) - 1
        is_of_modules = problems[0]["loc"][:2] == MODULES
        listed = ": list all with `tlsprobe modules FILE`" if is_of_modules else ""
        more = f" (and {others} more{listed})" if others else ""
        raise ConfigError(_explain(problems[0], given) + more) from error
    except SettingsError as error:
        raise ConfigError(_explain_undecodable()) from error
    refuse_misspelt_variables(settings)
    return settings


def problems_at(place: KeyPath, error: ValidationError) -> list[tuple[KeyPath, str]]:
    """All that is wrong with the value at ``place``: the path of each part, and one sentence about it."""
    found: dict[KeyPath, str] = {}
    for problem in error.errors(include_url=False):
        path = _as_written((*place, *problem["loc"]))
        there = ErrorDetails(**{**problem, "loc": (*place, *problem["loc"])})
        key = ".".join(str(part) for part in path[len(place) :])
        found.setdefault(path, masked_urls(_what_is_wrong(there, key)))
    return list(found.items())


def _explain(problem: ErrorDetails, given: Mapping[str, Any]) -> str:
    path = _as_written(problem["loc"])
    place = path or _path_in(problem["msg"])
    if problem["type"].startswith("union_tag"):
        place = (*path, "type")
    is_option = bool(path) and path[0] in given
    key = "" if is_option else ".".join(str(part) for part in path)
    return masked_urls(f"{_place(place, given)}: {_what_is_wrong(problem, key)}")


def _path_in(message: str) -> KeyPath:
    """The setting that a check of several settings names at the beginning of its message."""
    named = re.match(r"(?:Value error, )?([a-z_]+(?:\.[a-z_]+)*)", message)
    return tuple(named[1].split(".")) if named else ()


def _as_written(path: KeyPath) -> KeyPath:
    """The path without parts that only pydantic has: the type of a source or notifier, and forms of a value."""
    written = tuple(part for part in path if "[" not in str(part))
    if written[:1] in (("discovery",), ("notifications",)):
        # The type follows the index or name.
        return (*written[:2], *written[3:])
    return written


def _place(path: KeyPath, given: Mapping[str, Any]) -> str:
    """Where the value at ``path`` comes from: the source with the highest precedence that has it."""
    if path and path[0] in given:
        return f"--{str(path[0]).removesuffix('_files').replace('_', '-')}"
    variable = _variable(path)
    if variable is not None:
        return f"the environment variable {variable}"
    named = given.get("config_file") or os.environ.get(_CONFIG_FILE_VARIABLE)
    if named is None:
        return "the configuration"
    lines = read_yaml_mapping(Path(named)).lines
    # The innermost key that the file has: pydantic's path may end with parts that are not in the file.
    for length in range(len(path), 0, -1):
        if line := lines.get(path[:length]):
            return f"{named}, line {line}"
    return str(named)


def _variable(path: KeyPath) -> str | None:
    present = {name.upper(): name for name in os.environ}
    for length in range(len(path), 0, -1):
        parts = ENVIRONMENT_NESTING.join(str(part) for part in path[:length])
        if name := present.get(f"{ENVIRONMENT_PREFIX}{parts}".upper()):
            return name
    return None


def _what_is_wrong(problem: ErrorDetails, key: str) -> str:
    kind = problem["type"]
    if kind == "extra_forbidden":
        place = problem["loc"]
        path = _as_written(place)
        return renaming(place, path) or f"unknown setting {key!r}: {suggestion(place, path)}"
    if kind.startswith("union_tag"):
        return _wrong_type(problem, key)
    wanted = plain_validation(problem["msg"])
    value = problem["input"]
    new = SETTING_VALUES.get(value) if isinstance(value, str) else None
    if new is not None and new in wanted.split("'"):
        return f"{key}: {renamed(str(value), new)}"
    if wanted.startswith("must"):
        return f"{key} {wanted}{shown_value(value)}".lstrip()
    if kind == "missing":
        return f"{key} {wanted}"
    return f"{key}: {wanted}" if key else wanted


def _wrong_type(problem: ErrorDetails, key: str) -> str:
    """The error for a source or a notifier whose ``type`` is missing or unknown."""
    context = problem.get("ctx", {})
    if problem["type"] == "union_tag_not_found":
        return f"{key} needs a `type`: one of {', '.join(types_at(problem['loc']))}"
    if context["tag"] in SETTING_VALUES:
        return f"{key}.type: {renamed(context['tag'], SETTING_VALUES[context['tag']])}"
    return f"{key}.type must be one of {context['expected_tags']}, not {context['tag']!r}"


def _explain_undecodable() -> str:
    """Lists and mappings in the environment are JSON; pydantic does not say which one is invalid."""
    names = [
        name
        for name, text in os.environ.items()
        if name.upper().startswith(ENVIRONMENT_PREFIX)
        and takes_json(
            tuple(name.upper().removeprefix(ENVIRONMENT_PREFIX).lower().split(ENVIRONMENT_NESTING))
        )
        and not _is_json(text)
    ]
    return (
        f"the environment variable {' or '.join(sorted(names))} must be JSON, such as "
        '["targets.yml"] for a list or {"internal": "ca.pem"} for a mapping'
    )


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
