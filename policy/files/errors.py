"""Errors in a policy file: one sentence with the file, the line and how to fix it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from model.safe_output.plain_validation import plain_validation
from policy.files.yaml_file import ConfigError, KeyPath, YamlFile


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
    wanted = plain_validation(problem["msg"])
    value = problem["input"]
    shown = f", not {value!r}" if isinstance(value, str | int | float | None) else ""
    return problem["loc"], f"{wanted}{shown}" if wanted.startswith(
        "must"
    ) else f"is wrong: {wanted}"
