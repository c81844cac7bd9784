"""Observations as text: one line of JSON each, as ``tlsprobe scan --json`` prints them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from model.encoding.observation_json import from_json as _observation
from model.encoding.observation_json import to_json as _fields
from model.observation import SCHEMA_NUMBER, Observation
from tlsprobe.errors import JsonError


def to_json(observation: Observation, *, with_evidence: bool = True) -> str:
    """One line of JSON in the format of ``docs/reference/observation.schema.json``.

    Without evidence it is a tenth as long, but lacks the bytes that prove each fact.
    """
    fields = _fields(observation, with_evidence=with_evidence)
    return json.dumps(fields, separators=(",", ":"))


def from_json(text: str | bytes | Mapping[str, Any]) -> Observation:
    """The Observation in a text from ``to_json`` or ``tlsprobe scan --json``, or in its parsed JSON.

    Certificates have no DER, because the JSON does not contain it.

    Raises:
        JsonError: if the text is not JSON, or not an Observation.
    """
    if isinstance(text, Mapping):
        fields: Any = text
    else:
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise JsonError(f"the text is not JSON ({error}): pass one line of to_json") from error
    if not isinstance(fields, Mapping):
        raise JsonError("the JSON is not an object: pass one line of to_json")
    if fields.get("schema") != SCHEMA_NUMBER:
        raise JsonError(
            f"schema is {fields.get('schema')!r}, but this version of tlsprobe reads {SCHEMA_NUMBER}: "
            "pass an Observation from the same version"
        )
    try:
        return _observation(dict(fields))
    except KeyError as error:
        raise JsonError(f"the property {error} is missing: pass a complete Observation") from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise JsonError(f"the JSON is not an Observation: {error}") from error
