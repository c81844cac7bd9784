"""Writes docs/reference/json.md from the schema of Observations: ``python -m scripts.json_reference``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

SCHEMA: Final = Path(__file__).parents[1] / "docs/reference/observation.schema.json"
_SCHEMA: Final[Mapping[str, Any]] = json.loads(SCHEMA.read_text(encoding="utf-8"))
_HEAD: Final = "\n| key | value | meaning |\n|---|---|---|"
_TYPES: Final[Mapping[str, str]] = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "`true`, `false`",
    "array": "list",
    "object": "object",
    "null": "null",
}
_LINKED: Final = ("evidence", "fact")
_INTRODUCTION: Final = """\
# JSON of a scan

`tlsprobe scan --json` prints one Observation per line; `tlsprobe.to_json` of the [Python API](python-api.md) writes the same. This
page is written from [observation.schema.json](observation.schema.json) by `make docs`.

`NAME` stands for a name that varies (a protocol version, a policy, a fact), and `[]` for an item of a list. Times are ISO 8601
in UTC. Keys may be added; a program should ignore those that it does not know. A fact that was not asked about is absent; one
that could not be proved is `unknown`.

```sh
tlsprobe scan www.example.com --json | jq -r '.protocols | to_entries[] | "\\(.key) \\(.value.verdict)"'
tlsprobe scan www.example.com --json | jq -e '.vulnerabilities.heartbleed.verdict == "no"'
```
"""


def rows(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str, str]]:
    """Every key below ``schema`` with its type and meaning, in words; LookupError if a key has no meaning."""
    for name, below in schema.get("properties", {}).items():
        key = f"{path}.{name}".lstrip(".")
        if "description" not in below:
            raise LookupError(f"{SCHEMA.name} has no description of {key}")
        yield key, _value(below), below["description"]
        yield from rows(below, key)
    for word, suffix in (("additionalProperties", ".NAME"), ("items", "[]")):
        if isinstance(schema.get(word), dict):
            yield from rows(schema[word], path + suffix)


def _value(schema: Mapping[str, Any]) -> str:
    """The values that ``schema`` allows."""
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join("null" if one is None else f"`{one}`" for one in schema["enum"])
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name})" if name in _LINKED else _value(_SCHEMA["$defs"][name])
    if "anyOf" in schema:
        return " or ".join(_value(one) for one in schema["anyOf"])
    types = schema["type"]
    words = [_TYPES[one] for one in ([types] if isinstance(types, str) else types)]
    return " or ".join(words) + _of_what(schema)


def _of_what(schema: Mapping[str, Any]) -> str:
    items = schema.get("items")
    if items is not None:
        return f" of {_value(items)}"
    below = schema.get("additionalProperties")
    return f" by name: {_value(below)}" if isinstance(below, dict) else ""


def _table(found: Iterator[tuple[str, str, str]]) -> Iterator[str]:
    yield _HEAD
    for key, value, meaning in found:
        linked = meaning.replace("docs/reference/checks.md", "[checks.md](checks.md)")
        yield f"| `{key}` | {value} | {linked} |"


def reference() -> str:
    """The whole page."""
    lines, keys = [_INTRODUCTION.rstrip()], _SCHEMA["properties"]
    short = {name: below for name, below in keys.items() if not _is_long(below)}
    lines += ["\n## Top level", *_table(rows({"properties": short}))]
    for name, below in keys.items():
        if _is_long(below):
            lines += [f"\n## {name}", *_table(rows({"properties": {name: below}}))]
    for name in _LINKED:
        lines += [f"\n## {name}", *_table(rows(_SCHEMA["$defs"][name]))]
    return "\n".join(lines) + "\n"


def _is_long(schema: Mapping[str, Any]) -> bool:
    return any(True for _ in rows(schema))


if __name__ == "__main__":
    sys.stdout.write(reference())
