"""The profiles that come with tlsprobe: one YAML file each, with the source of every rule.

They are policies like those of users, and are extended by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

from policy.document import PolicyBody
from policy.errors import Place
from policy.resolve import Written
from policy.yaml_file import read_yaml_mapping

_FOLDER: Final = Path(__file__).parent


def _read(path: Path) -> Written:
    file = read_yaml_mapping(path)
    body = PolicyBody.model_validate(file.values)
    return Written(name=path.stem, body=body, place=Place(path=path, file=file))


@cache
def profiles() -> Mapping[str, Written]:
    """Every profile by its name, read once."""
    return MappingProxyType({path.stem: _read(path) for path in sorted(_FOLDER.glob("*.yaml"))})
