"""Writes docs/reference/commands-json.md from the schema of the commands: ``python -m scripts.commands_json_reference``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from scripts.json_reference import rows, table

SCHEMA: Final = Path(__file__).parents[1] / "docs/reference/commands.schema.json"
DEFINITIONS: Final[Mapping[str, Mapping[str, Any]]] = json.loads(
    SCHEMA.read_text(encoding="utf-8")
)["$defs"]
PARTS: Final = ("change", "attribution", "recorded_call", "side", "bytes")
"""What the JSON of several commands has."""
_INLINE: Final = ("value",)
_INTRODUCTION: Final = """\
# JSON of the other commands

What each command prints with `--json`, written from [commands.schema.json](commands.schema.json) by `make docs`: the schema has a
definition for each command. `tlsprobe scan --json` and `tlsprobe replay --json` print [Observations](json.md).

`NAME` stands for a name that varies, and `[]` for an item of a list. Times are ISO 8601 in UTC. Keys may be added; a program should
ignore those that it does not know.
"""


def commands() -> list[str]:
    """The commands that have a definition, such as ``policy list``."""
    return [name for name in DEFINITIONS if name not in {*PARTS, *_INLINE}]


def reference() -> str:
    """The whole page."""
    return "\n".join((_INTRODUCTION.rstrip(), *_sections())) + "\n"


def _sections() -> Iterator[str]:
    for name in (*commands(), *PARTS):
        below = DEFINITIONS[name]
        title = name if name in PARTS else f"tlsprobe {name}"
        yield f"\n## {title}\n\n{below.get('description', _MEANINGS.get(name))}"
        yield from table(rows(below, defs=DEFINITIONS))


_MEANINGS: Final = {
    "side": "One side of a comparison.",
    "bytes": "Bytes of a conversation.",
}


if __name__ == "__main__":
    sys.stdout.write(reference())
