"""The JSON Schema of policy files, generated from the models that read them; editors complete with it.

It is published as ``docs/reference/policy.schema.json``; a test compares the two.
"""

from __future__ import annotations

from typing import Any, Final

from model.claims import CLAIMS_POLICY
from policy.catalogue import RULES
from policy.files.document import Document, RuleSettings
from policy.rule import AnyRule

ADDRESS: Final = "https://json-schema.org/draft/2020-12/schema"
_REFERENCES: Final = "#/$defs/{model}"
_LONG_ENUM: Final = 6
_OFF_OR_EMPTY: Final = {"enum": [False, None]}


def policy_schema() -> dict[str, Any]:
    """The schema as JSON values."""
    document = Document.model_json_schema(by_alias=True, ref_template=_REFERENCES)
    definitions: dict[str, Any] = document.pop("$defs")
    definitions["rule_settings"] = _taken_out(
        RuleSettings.model_json_schema(ref_template=_REFERENCES), definitions
    )
    del definitions["rule_settings"]["additionalProperties"]
    for rule in RULES:
        definitions[f"rule_{rule.name}"] = _rule(rule, definitions)
    definitions["PolicyBody"]["properties"]["rules"] = {
        "type": "object",
        "description": "Parameters by the rule's name or identifier; off drops an inherited rule.",
        "properties": {
            key: {"$ref": f"#/$defs/rule_{rule.name}"}
            for rule in RULES
            for key in (rule.name, rule.identifier)
        },
        "additionalProperties": {"$ref": "#/$defs/named_rule"},
    }
    document["properties"]["policies"]["propertyNames"] = {"not": {"const": CLAIMS_POLICY}}
    definitions["named_rule"] = {
        "description": "A rule under another name: `use` names the rule.",
        "anyOf": [
            _OFF_OR_EMPTY,
            {
                "type": "object",
                "properties": {
                    "use": {"enum": [key for rule in RULES for key in (rule.name, rule.identifier)]}
                },
                "allOf": [_by_use(rule) for rule in RULES],
            },
        ],
    }
    return _with_shared_names(
        {
            "$schema": ADDRESS,
            "title": "Policy file of tlsprobe",
            **_without_titles(document),
            "$defs": _without_titles(definitions),
        }
    )


def _rule(rule: AnyRule, definitions: dict[str, Any]) -> dict[str, Any]:
    """The schema without required properties: an extended policy may provide them."""
    parameters = _taken_out(
        rule.parameters.model_json_schema(ref_template=_REFERENCES), definitions
    )
    return {
        "description": f"{rule.identifier}: {rule.requirement}. {rule.why}",
        "anyOf": [
            _OFF_OR_EMPTY,
            {
                "type": "object",
                "allOf": [{"$ref": "#/$defs/rule_settings"}],
                "properties": parameters.get("properties", {}),
                "unevaluatedProperties": False,
            },
        ],
    }


def _taken_out(schema: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    definitions.update(schema.pop("$defs", {}))
    return schema


def _by_use(rule: AnyRule) -> dict[str, Any]:
    return {
        "if": {"properties": {"use": {"enum": [rule.name, rule.identifier]}}, "required": ["use"]},
        "then": {"$ref": f"#/$defs/rule_{rule.name}"},
    }


def _without_titles(value: Any) -> Any:
    """The schema without the titles that pydantic derives from names; a property called ``title`` stays."""
    if isinstance(value, dict):
        return {
            name: _without_titles(part)
            for name, part in value.items()
            if name != "title" or isinstance(part, dict)
        }
    if isinstance(value, list):
        return [_without_titles(part) for part in value]
    return value


def _with_shared_names(schema: dict[str, Any]) -> dict[str, Any]:
    """Moves long lists of names to ``$defs``, so that each occurs once."""
    shared: dict[tuple[Any, ...], str] = {}

    def visit(value: Any) -> Any:
        if isinstance(value, list):
            return [visit(part) for part in value]
        if not isinstance(value, dict):
            return value
        names = value.get("enum", ())
        if len(names) > _LONG_ENUM and value.keys() == {"enum"}:
            name = shared.setdefault(tuple(names), f"names_{len(shared) + 1}")
            return {"$ref": f"#/$defs/{name}"}
        return {name: visit(part) for name, part in value.items()}

    found: dict[str, Any] = visit(schema)
    found["$defs"] |= {name: {"enum": list(names)} for names, name in shared.items()}
    return found
