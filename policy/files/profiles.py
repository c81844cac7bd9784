"""The built-in profiles: one YAML file each, with the source of every rule.

They are ordinary policies, and users extend them by name. The policies that AWS names are profiles too.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from policy.files.document import PolicyBody
from policy.files.errors import FileLocation
from policy.files.named_policies import NamedPolicy, named_policies
from policy.files.resolve import Written
from policy.files.yaml_file import read_yaml_mapping

_FOLDER: Final = Path(__file__).parents[1] / "profiles"


def _read(path: Path) -> Written:
    file = read_yaml_mapping(path)
    body = PolicyBody.model_validate(file.values)
    return Written(name=path.stem, body=body, place=FileLocation(path=path, file=file))


@cache
def profiles() -> Mapping[str, Written]:
    """Every profile by name; read once."""
    own = {path.stem: _read(path) for path in sorted(_FOLDER.glob("*.yaml"))}
    return MappingProxyType(own | {name: _named(one) for name, one in named_policies().items()})


def _named(one: NamedPolicy) -> Written:
    """A named policy as a profile: everything beyond the policy is a violation."""
    rules: dict[str, dict[str, Any]] = {
        "protocol_versions": {"allowed": [version.label for version in one.protocols]},
        "cipher_suites": {"allowed": list(one.cipher_suites), "severity": "high"},
    }
    if one.groups is not None:
        rules["groups"] = {"allowed": list(one.groups)}
    if one.is_post_quantum:
        rules["post_quantum_key_exchange"] = {}
    if one.uncertain is not None:
        for fields in rules.values():
            fields["uncertain"] = one.uncertain
    body = PolicyBody(title=f"{one.product}, a security policy", source=one.source, rules=rules)
    return Written(name=one.name, body=body, place=FileLocation(path=one.path, file=one.file))
