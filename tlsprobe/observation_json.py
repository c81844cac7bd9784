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
    """One line of JSON in the form of ``docs/reference/observation.schema.json``.

    Without evidence it is a tenth as long; the bytes that prove each fact are gone then.
    """
    fields = _fields(observation, with_evidence=with_evidence)
    return json.dumps(fields, separators=(",", ":"))


def from_json(text: str | bytes | Mapping[str, Any]) -> Observation:
    """The Observation of a text that ``to_json`` or ``tlsprobe scan --json`` wrote, or of its parsed JSON.

    Certificates come back without their DER, which the JSON does not hold.

    Raises:
        JsonError: where the text is not JSON, or not an Observation.
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
            f"schema is {fields.get('schema')!r}, and this version of tlsprobe reads {SCHEMA_NUMBER}: "
            "pass an Observation that this version wrote"
        )
    try:
        return _observation(dict(fields))
    except KeyError as error:
        raise JsonError(f"the property {error} is missing: pass a whole Observation") from error
    except (ValueError, TypeError, AttributeError, RecursionError) as error:
        raise JsonError(f"the JSON is not an Observation: {error}") from error
