"""Errors in a policy file: one sentence with the file, the line and how to fix it."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ValidationError

from model.frozen import frozen
from model.safe_output.plain_validation import plain_validation, shown_value
from policy.files.yaml_file import ConfigError, KeyPath, YamlFile
from policy.values import nearest


class PolicyError(ConfigError):
    """A policy cannot be used; the message is one sentence with the place and how to fix it."""


@frozen
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


def unknown_key(name: str, model: type[BaseModel]) -> str:
    """The error for a key that the section ``model`` does not have, with the one that was meant."""
    known = [one.alias or field for field, one in model.model_fields.items()]
    close = nearest(name, known)
    return f"unknown key {name!r}: " + (
        f"did you mean {close}?" if close else f"use {', '.join(known)}"
    )


def first_problem(error: ValidationError) -> tuple[KeyPath, str]:
    """The keys of the first invalid value, and the error text that follows its key."""
    problem = error.errors(include_url=False)[0]
    if problem["type"] == "missing":
        return problem["loc"][:-1], f"lacks {problem['loc'][-1]!r}: add it"
    if problem["type"] == "extra_forbidden":
        return problem["loc"], "is not a valid key: remove it, or correct its spelling"
    wanted = plain_validation(problem["msg"])
    if wanted.startswith("must"):
        return problem["loc"], f"{wanted}{shown_value(problem['input'])}"
    return problem["loc"], f"is wrong: {wanted}"
