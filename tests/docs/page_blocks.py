"""The contents of a page: files, commands with their output, and queries.

- A block of YAML whose first line is a comment with a file's name (``# targets.yml``) is that file.
- A block of ``sh`` has commands. If it ends in ``# exit code 3``, it must exit with 3, otherwise with 0.
- A block of ``text`` right after it is the output of the commands: its lines must occur in this order. ``…``
  stands for any text, and blanks for any number of blanks.
- A block of ``promql`` has one query per paragraph.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from textwrap import dedent
from typing import Final

_BLOCK: Final = re.compile(r"^( *)```(\w+)\n(.*?)^\1```$", re.DOTALL | re.MULTILINE)
_FILE_NAME: Final = re.compile(r"# ([\w./-]+\.(?:yml|yaml))(?:[ :,].*)?")
_EXIT_CODE: Final = re.compile(r"\s+# exit code (\d+)$")
_BACKGROUND: Final = (
    "tlsprobe serve ",
    "tlsprobe worker ",
    "tlsprobe demo ",
    "prometheus-alertmanager ",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file that the reader creates."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """The commands of one block in order, each with its exit code, and the lines of output."""

    commands: tuple[tuple[str, int], ...]
    printed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """One query in PromQL."""

    expression: str


def steps(page: str) -> Iterator[File | Commands | Query]:
    """The page's steps from top to bottom."""
    blocks = [(match[2], dedent(match[3]), match.end()) for match in _BLOCK.finditer(page)]
    for number, (language, text, end) in enumerate(blocks):
        if language == "sh":
            following = blocks[number + 1] if number + 1 < len(blocks) else ("", "", 0)
            is_output = following[0] == "text" and page[end:].lstrip().startswith("```text")
            yield Commands(
                commands=tuple(_commands(text)),
                printed=tuple(following[1].splitlines()) if is_output else (),
            )
        elif language == "promql":
            yield from (Query(expression=one) for one in re.split(r"\n\s*\n", text.strip()))
        elif language == "yaml" and (named := _FILE_NAME.match(text.splitlines()[0])):
            yield File(name=named[1], text=text)


def _commands(block: str) -> Iterator[tuple[str, int]]:
    for line in block.replace("\\\n", " ").splitlines():
        if line.strip() and not line.startswith("#"):
            code = _EXIT_CODE.search(line)
            yield _EXIT_CODE.sub("", line), int(code[1]) if code else 0


def runs_on(command: str) -> bool:
    """Whether the command is a service, which runs until it is stopped."""
    return f"{command} ".startswith(_BACKGROUND)


def missing_lines(printed: tuple[str, ...], output: str) -> list[str]:
    """The lines of the page that are missing from ``output``, or out of order."""
    found, rest = [], [" ".join(line.split()) for line in output.splitlines()]
    for line in printed:
        pattern = ".*".join(re.escape(part) for part in " ".join(line.split()).split("…"))
        at = next((i for i, one in enumerate(rest) if re.fullmatch(pattern, one)), None)
        if at is None:
            found.append(line)
        else:
            rest = rest[at + 1 :]
    return found
