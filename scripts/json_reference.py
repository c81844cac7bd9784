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
_LINKED: Final = ("evidence", "fact", "change", "side", "bytes")
"""Definitions that have a section of their own on their page."""
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


def rows(
    schema: Mapping[str, Any], path: str = "", defs: Mapping[str, Any] = _SCHEMA["$defs"]
) -> Iterator[tuple[str, str, str]]:
    """Every key below ``schema`` with its type and meaning, in words; ``defs`` are what it may refer to.

    Raises:
        LookupError: if a key has no meaning.
    """
    for name, below in schema.get("properties", {}).items():
        key = f"{path}.{name}".lstrip(".")
        if "description" not in below:
            raise LookupError(f"the schema has no description of {key}")
        yield key, _value(below, defs), below["description"]
        yield from rows(below, key, defs)
    for word, suffix in (("additionalProperties", ".NAME"), ("items", "[]")):
        if isinstance(schema.get(word), dict):
            yield from rows(schema[word], path + suffix, defs)


def _value(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    """The values that ``schema`` allows."""
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join("null" if one is None else f"`{one}`" for one in schema["enum"])
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        if name == SCHEMA.name:
            return "[Observation](json.md)"
        return f"[{name}](#{name})" if name in _LINKED else _value(defs[name], defs)
    if "anyOf" in schema:
        return " or ".join(_value(one, defs) for one in schema["anyOf"])
    types = schema.get("type", "object")
    words = [_TYPES[one] for one in ([types] if isinstance(types, str) else types)]
    return " or ".join(words) + _of_what(schema, defs)


def _of_what(schema: Mapping[str, Any], defs: Mapping[str, Any]) -> str:
    items = schema.get("items")
    if items is not None:
        return f" of {_value(items, defs)}"
    below = schema.get("additionalProperties")
    return f" by name: {_value(below, defs)}" if isinstance(below, dict) else ""


def table(found: Iterator[tuple[str, str, str]]) -> Iterator[str]:
    """The lines of a table of keys."""
    yield _HEAD
    for key, value, meaning in found:
        linked = meaning.replace("docs/reference/checks.md", "[checks.md](checks.md)")
        yield f"| `{key}` | {value} | {linked} |"


def reference() -> str:
    """The whole page."""
    lines, keys = [_INTRODUCTION.rstrip()], _SCHEMA["properties"]
    short = {name: below for name, below in keys.items() if not _is_long(below)}
    lines += ["\n## Top level", *table(rows({"properties": short}))]
    for name, below in keys.items():
        if _is_long(below):
            lines += [f"\n## {name}", *table(rows({"properties": {name: below}}))]
    for name in (one for one in _LINKED if one in _SCHEMA["$defs"]):
        lines += [f"\n## {name}", *table(rows(_SCHEMA["$defs"][name]))]
    return "\n".join(lines) + "\n"


def _is_long(schema: Mapping[str, Any]) -> bool:
    return any(True for _ in rows(schema))


if __name__ == "__main__":
    sys.stdout.write(reference())
