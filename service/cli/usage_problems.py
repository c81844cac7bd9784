"""What is wrong with a command's arguments, in plain words: typer's messages name neither value nor fix."""

from __future__ import annotations

import re
from typing import Final

from pydantic import ValidationError

from model.safe_output.plain_validation import plain_validation, shown_value

_PLAIN_WORDS: Final = tuple(
    (re.compile(pattern, re.DOTALL), plain)
    for pattern, plain in (
        (
            r"No such command '(.*)'\. Did you mean '(.*)'\?",
            r"unknown command '\1': did you mean \2?",
        ),
        (r"No such command '(.*)'", r"unknown command '\1'"),
        (
            r"No such option: (\S+) \(Possible options: (.*)\)",
            r"unknown option \1: did you mean \2?",
        ),
        (r"No such option: (\S+)", r"unknown option \1"),
        (r"Missing (?:argument|option) '([^']*)'.*", r"\1 is missing: add it"),
        (r"Option '(\S+)' requires an argument", r"\1 needs a value"),
        (r"Option '(\S+)' does not take a value", r"\1 takes no value"),
        (r"Got unexpected extra argument\(s\) \((.*)\)", r"too many arguments: remove \1"),
        (r"Missing command", "a command is missing"),
    )
)
_INVALID: Final = re.compile(r"Invalid value for '([^']*)': (.*)", re.DOTALL)
_CHOICE: Final = re.compile(r"('.*') is not one of (.*)", re.DOTALL)


def usage_problem(message: str, cause: BaseException | None) -> str:
    """The ``message`` of typer as a plain sentence; ``cause`` is pydantic's error on a value, if there is one."""
    message = message.rstrip(".")
    invalid = _INVALID.fullmatch(message)
    if invalid is not None:
        return f"{invalid[1]} {_wanted(invalid[2], cause)}"
    for pattern, plain in _PLAIN_WORDS:
        if found := pattern.fullmatch(message):
            return found.expand(plain).replace("', '", ", ")
    return plain_validation(message)


def _wanted(problem: str, cause: BaseException | None) -> str:
    problem = plain_validation(problem)
    choice = _CHOICE.fullmatch(problem)
    if choice is not None:
        *others, last = choice[2].replace("'", "").split(", ")
        return f"must be {', '.join(others)} or {last}, not {choice[1]}"
    shown = ""
    if isinstance(cause, ValidationError):
        shown = shown_value(cause.errors(include_url=False)[0]["input"])
    return f"{problem}{shown}"
