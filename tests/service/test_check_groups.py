"""``--checks`` selects the parts of a visit; the error for an unknown part lists them."""

from __future__ import annotations

from pathlib import Path

import pytest

from probe.checks.catalogue import ASKED_PARTS
from probe.checks.check_groups import parse_parts, part_names
from probe.checks.part import Part

DOCUMENT = Path(__file__).parents[2] / "docs" / "reference" / "cli.md"


def test_every_check_group_can_be_selected_by_name() -> None:
    assert parse_parts(part_names()) == ASKED_PARTS


def test_versions_are_always_probed() -> None:
    assert parse_parts(["suites"]) == {Part.VERSIONS, Part.SUITES}


@pytest.mark.parametrize("name", ["", "suits", "SUITES", " suites"])
def test_an_unknown_name_is_refused_with_the_existing_ones(name: str) -> None:
    with pytest.raises(ValueError, match=f"'{name}'.*versions, suites"):
        parse_parts(["versions", name])


def test_the_documentation_names_them_all() -> None:
    section = DOCUMENT.read_text(encoding="utf-8").split("### --checks")[1].split("###")[0]
    assert [name for name in part_names() if f"`{name}`" not in section] == []
