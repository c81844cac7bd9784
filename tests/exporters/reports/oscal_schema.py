"""Validates OSCAL documents by NIST's own JSON schema."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from jsonschema import Draft7Validator

OSCAL = ("oscal", "policy-oscal", "guidelines-oscal")
_LETTER, _NUMBER = r"[^\W\d_]", r"\d"


def _with_python_patterns(value: Any) -> Any:
    """The schema with patterns that Python reads: it has no ``\\p{L}``, and its ``$`` also matches before a newline."""
    if isinstance(value, list):
        return [_with_python_patterns(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: _python_pattern(one)
        if name == "pattern" and isinstance(one, str)
        else _with_python_patterns(one)
        for name, one in value.items()
    }


def _python_pattern(pattern: str) -> str:
    # The patterns have these classes outside of brackets only.
    python = pattern.replace(r"\p{L}", _LETTER).replace(r"\p{N}", _NUMBER)
    return re.sub(r"\$$", r"\\Z", python)


_SCHEMA = _with_python_patterns(
    json.loads(Path(__file__).with_name("oscal-1.1.3.schema.json").read_text())
)
_BY_KIND = {
    kind: Draft7Validator({"definitions": _SCHEMA["definitions"], "type": "object", **alternative})
    for alternative in _SCHEMA["oneOf"]
    for kind in alternative["required"]
}


def oscal_problems(text: str) -> list[str]:
    """What is wrong with the document, by the schema of its kind."""
    document = json.loads(text)
    (kind,) = document
    return [
        f"{error.json_path}: {error.message[:300]}"
        for error in _BY_KIND[kind].iter_errors(document)
    ]
