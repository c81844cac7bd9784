"""Loads the settings of a service, and says in one sentence where one is wrong, and how to mend it."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError

from model.safe_output.secret_text import masked_urls
from policy.files.yaml_file import ConfigError, KeyPath, read_yaml_mapping
from service.config.settings import (
    ENVIRONMENT_NESTING,
    ENVIRONMENT_PREFIX,
    ProbeLimits,
    ServiceSettings,
)

_CONFIG_FILE_VARIABLE: Final = f"{ENVIRONMENT_PREFIX}CONFIG_FILE"

_PLAIN_WORDS: Final = {
    "a valid tuple": "a list",
    "a valid dictionary": "a mapping",
    "a valid mapping": "a mapping",
    " or instance of ProbeLimits": "",
    "a valid string": "text",
    "Input is not a valid path for <class 'pathlib.Path'>": "must be a file's path",
}
"""pydantic speaks of Python's types; the reader has YAML before them."""


def load_settings(config_file: Path | None, **given: Any) -> ServiceSettings:
    """The settings of ``config_file``, the environment, and ``given``, which wins.

    Raises:
        ConfigError: for the first value that cannot be, with its place and the mend.
    """
    if config_file is not None:
        given["config_file"] = config_file
    try:
        return ServiceSettings(**given)
    except ValidationError as error:
        problems = error.errors(include_url=False)
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise ConfigError(_explain(problems[0], given) + more) from error
    except SettingsError as error:
        raise ConfigError(_explain_undecodable()) from error


def _explain(problem: ErrorDetails, given: Mapping[str, Any]) -> str:
    path = _without_tag(problem["loc"])
    key = ".".join(str(part) for part in path)
    return masked_urls(f"{_place(path, given)}: {_what_is_wrong(problem, key)}")


def _without_tag(path: KeyPath) -> KeyPath:
    """pydantic puts the type of a source or notifier behind its number or name, where no file has it."""
    if path[:1] in (("discovery",), ("notifications",)) and len(path) > 3:
        return (*path[:2], *path[3:])
    return path


def _place(path: KeyPath, given: Mapping[str, Any]) -> str:
    """Where the value at ``path`` came from: the source that wins has it."""
    if path and path[0] in given:
        return f"--{str(path[0]).removesuffix('_files').replace('_', '-')}"
    variable = _variable(path)
    if variable is not None:
        return f"the environment variable {variable}"
    named = given.get("config_file") or os.environ.get(_CONFIG_FILE_VARIABLE)
    if named is None:
        return "the configuration"
    lines = read_yaml_mapping(Path(named)).lines
    # The innermost key that the file has: pydantic's path may end in a part of its own.
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
    if problem["type"] == "extra_forbidden":
        return f"{key!r} is no setting{_suggest(key)}"
    wanted = problem["msg"].removeprefix("Value error, ").replace("Input should", "must")
    for python, plain in _PLAIN_WORDS.items():
        wanted = wanted.replace(python, plain)
    value = problem["input"]
    shown = f", not {value!r}" if isinstance(value, str | int | float | None) else ""
    return f"{key} {wanted}{shown}" if wanted.startswith("must") else f"{key}: {wanted}"


def _suggest(key: str) -> str:
    known = [name for name in ServiceSettings.model_fields if name != "config_file"]
    known += [f"probe.{name}" for name in ProbeLimits.model_fields]
    close = difflib.get_close_matches(key, known, n=1)
    if close:
        return f": did you mean {close[0]}?"
    return f": the settings are {', '.join(sorted(known))}"


def _explain_undecodable() -> str:
    """Lists and mappings in the environment are JSON; pydantic does not say which was not."""
    names = [
        name
        for name in os.environ
        if name.upper()
        in {f"{ENVIRONMENT_PREFIX}{field}" for field in ("TARGETS_FILES", "TRUST_STORES", "PROBE")}
    ]
    return (
        f"the environment variable {' or '.join(sorted(names))} must be JSON, such as "
        '["targets.yml"] for targets_files or {"internal": "ca.pem"} for trust_stores'
    )
