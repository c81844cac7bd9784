"""Writes docs/reference/settings.md from the service's settings: ``python -m scripts.settings_reference``.

Names, types, bounds and defaults are those of the pydantic models; what each setting means stands in
``settings_meanings.toml``, by the class that declares it. A setting without a meaning, and a meaning without a
setting, raise LookupError.
"""

from __future__ import annotations

import sys
import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from scripts.type_words import Models, in_words, models_in
from service.config.settings import ServiceSettings

_MEANINGS: Final = Path(__file__).with_name("settings_meanings.toml")
_NOT_IN_A_FILE: Final = frozenset({"config_file"})
_HEAD: Final = "| setting | value | default | meaning |\n|---|---|---|---|"

_INTRODUCTION: Final = """\
# Every setting

This page is written from the code by `make docs`. [configuration.md](configuration.md) says where settings come from,
how they are reloaded, and what the service does with them. A name with dots is a key in a section: `probe.deadline_seconds` is
`deadline_seconds` under `probe` in the file, and `TLSPROBE_PROBE__DEADLINE_SECONDS` in the environment. `NAME` is a
name of your choice, and `[]` an item of a list. Numbers of seconds may have fractions.

## A complete file

Every setting at its default. A file needs only what differs from it, and at least `targets_files` or `discovery`.

```yaml
{defaults}```
"""


class _Page:
    """The rows of all models, each written once, and which meanings they took."""

    def __init__(self) -> None:
        self._meanings: dict[str, dict[str, str]] = tomllib.loads(_MEANINGS.read_text())
        self._used: set[tuple[str, str]] = set()
        self._written: dict[type[BaseModel], str] = {}

    def sections(self, path: str, model: type[BaseModel]) -> Iterator[str]:
        """The table of ``model``, which is at ``path``, then those of the models in it."""
        yield f"\n## {path or 'Top level'}\n"
        if first := self._written.get(model):
            yield f"The keys are those of [{first}](#{_anchor(first)})."
            return
        self._written[model] = path
        yield from self._table(model, [name for name in model.model_fields if name != "type"])
        for name, field in model.model_fields.items():
            for place, models in models_in(field.annotation):
                below = f"{path}.{name}{place}".lstrip(".")
                if len(models) == 1:
                    yield from self.sections(below, *models)
                else:
                    yield from self._union(below, models)

    def _union(self, path: str, models: Models) -> Iterator[str]:
        """The keys that all types have, with their usual defaults; then, of each type, the others."""
        first, *others = models
        usual = {
            name: Counter(_default(one.model_fields[name]) for one in models).most_common(1)[0][0]
            for name, field in first.model_fields.items()
            if name != "type" and all(_is_same(field, one.model_fields.get(name)) for one in others)
        }
        yield f"\n## {path}\n\n`type` chooses one of the types below. Keys of every type:\n"
        base = min(models, key=lambda one: len(self._own(one, usual) & usual.keys()))
        yield from self._table(base, [*usual])
        for model, types in models.items():
            yield f"\n### {path}, type {' or '.join(f'`{one}`' for one in types)}\n"
            if own := self._own(model, usual):
                yield from self._table(model, [name for name in model.model_fields if name in own])
            else:
                yield "No other keys."

    @staticmethod
    def _own(model: type[BaseModel], usual: Mapping[str, str]) -> set[str]:
        """Keys that not all types have, or that have another default there."""
        return {
            name
            for name, field in model.model_fields.items()
            if name != "type" and usual.get(name) != _default(field)
        }

    def _table(self, model: type[BaseModel], names: list[str]) -> Iterator[str]:
        yield _HEAD
        for name in names:
            field = model.model_fields[name]
            shown = field.validation_alias if isinstance(field.validation_alias, str) else name
            default, meaning = _default(field), self._meaning(model, name)
            if "Default: " in meaning:
                default = ""
            yield f"| `{shown}` | {in_words(field)} | {default} | {meaning} |"

    def _meaning(self, model: type[BaseModel], name: str) -> str:
        """What the class nearest to ``model`` says of ``name``."""
        for one in model.__mro__:
            if meaning := self._meanings.get(one.__name__, {}).get(name):
                self._used.add((one.__name__, name))
                return meaning
        raise LookupError(f"{model.__name__}.{name} has no meaning: write one in {_MEANINGS.name}")

    def check_all_used(self) -> None:
        """Raises LookupError where a meaning is of no setting."""
        written = {(owner, name) for owner, names in self._meanings.items() for name in names}
        if unused := sorted(written - self._used):
            raise LookupError(f"{_MEANINGS.name} has meanings of no setting: {unused}")


def _anchor(heading: str) -> str:
    """GitHub's name of a heading."""
    return "".join(one for one in heading.lower() if one.isalnum() or one in "_-")


def _is_same(field: FieldInfo, other: FieldInfo | None) -> bool:
    return other is not None and field.annotation == other.annotation


def _default(field: FieldInfo) -> str:
    """The default as YAML in backticks; empty where a section follows, ``required`` where there is none."""
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=False)
    if value is None or isinstance(value, BaseModel):
        return "" if value is not None else "none"
    if field.default_factory is not None or any(models_in(field.annotation)):
        return ""
    return f"`{_as_yaml(_plain(value))}`"


def _plain(value: Any) -> Any:
    """``value`` as YAML has it; sets in the order of their text."""
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, frozenset):
        return sorted(map(_plain, value))
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int | float) or value is None else str(value)


def _as_yaml(value: Any) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, width=10_000)
    return text.removesuffix("\n").removesuffix("\n...")


def defaults_as_yaml() -> str:
    """A configuration file that says what holds without one."""
    return yaml.safe_dump(
        _defaults_of(ServiceSettings.model_construct()),
        sort_keys=False,
        default_flow_style=None,
        width=110,
    )


def _defaults_of(settings: BaseModel) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        if name in _NOT_IN_A_FILE:
            continue
        if isinstance(value, BaseModel):
            values[name] = _defaults_of(value)
        elif isinstance(value, Mapping):
            values[name] = {
                key: _changes_of(one) if isinstance(one, BaseModel) else _plain(one)
                for key, one in value.items()
            }
        else:
            values[name] = _plain(value)
    return values


def _changes_of(settings: BaseModel) -> dict[str, Any]:
    """What an entry under a name must contain; its keys have a table of their own."""
    return {name: _plain(getattr(settings, name)) for name in ("checks",)}


def reference() -> str:
    """The whole page."""
    page = _Page()
    lines = [_INTRODUCTION.format(defaults=defaults_as_yaml())]
    lines += page.sections("", ServiceSettings)
    page.check_all_used()
    return "\n".join(lines).replace("\n\n\n", "\n\n") + "\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
