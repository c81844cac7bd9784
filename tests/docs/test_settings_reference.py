"""docs/reference/settings.md has every setting, and its complete file has the default values."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from scripts.settings_reference import reference
from scripts.type_words import models_in
from service.config.load import load_settings
from service.config.settings import ServiceSettings

PAGE = Path(__file__).parents[2] / "docs/reference/settings.md"


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for _, below in models_in(field.annotation):
            for one in below:
                yield from models(one)


def test_the_page_is_generated_from_the_code() -> None:
    assert PAGE.read_text() == reference(), "run `make docs`"


def test_the_complete_file_contains_the_defaults(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("TLSPROBE_")]:
        monkeypatch.delenv(name)
    found = re.search(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    file = tmp_path / "tlsprobe.yml"
    file.write_text(found[1])
    without = load_settings(None)
    assert load_settings(file).model_copy(update={"config_file": None}) == without
    written = {line.split(":")[0] for line in found[1].splitlines() if not line.startswith(" ")}
    assert written == ServiceSettings.model_fields.keys() - {"config_file"}


def test_every_key_of_every_section_has_a_row() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", PAGE.read_text(), re.MULTILINE))
    keys = {
        field.validation_alias or name
        for model in models(ServiceSettings)
        for name, field in model.model_fields.items()
    }
    assert {"deadline_seconds", "from", "evidence_days", "modulus"} <= keys
    assert keys - rows == {"type"}
