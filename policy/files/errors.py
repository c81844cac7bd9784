"""Errors in a policy file: one sentence with the file, the line and how to fix it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from policy.files.yaml_file import ConfigError, KeyPath, YamlFile

_PLAIN_WORDS: Final = {
    "a valid tuple": "a list",
    "a valid dictionary": "a mapping",
    "a valid list": "a list",
    "a valid string": "text",
    "a valid date": "a day, such as 2027-01-31",
}
"""Replaces pydantic's names of Python types by words for YAML."""


class PolicyError(ConfigError):
    """A policy cannot be used; the message is one sentence with the place and how to fix it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLocation:
    """A position in a file; as text it is ``FILE, line N``."""

    path: Path
    file: YamlFile
    keys: KeyPath = ()

    def at(self, *keys: str | int) -> FileLocation:
        """A position further inside."""
        return FileLocation(path=self.path, file=self.file, keys=(*self.keys, *keys))

    def __str__(self) -> str:
        for length in range(len(self.keys), 0, -1):
            if line := self.file.lines.get(self.keys[:length]):
                return f"{self.path}, line {line}"
        return str(self.path)


def first_problem(error: ValidationError) -> tuple[KeyPath, str]:
    """The keys of the first invalid value, and the error text that follows its key."""
    problem = error.errors(include_url=False)[0]
    if problem["type"] == "missing":
        return problem["loc"][:-1], f"lacks {problem['loc'][-1]!r}: add it"
    wanted = problem["msg"].removeprefix("Value error, ").replace("Input should", "must")
    for python, plain in _PLAIN_WORDS.items():
        wanted = wanted.replace(python, plain)
    value = problem["input"]
    shown = f", not {value!r}" if isinstance(value, str | int | float | None) else ""
    return problem["loc"], f"{wanted}{shown}" if wanted.startswith(
        "must"
    ) else f"is wrong: {wanted}"
