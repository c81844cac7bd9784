"""The Terraform that tlsprobe ships and prints is HCL: a parser reads it, without the schemas of providers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import takewhile
from pathlib import Path
from typing import Any, Final

import hcl2
import pytest
from lark.exceptions import UnexpectedInput

from policy import profile
from policy.remediation import SERVERS, ServerKind, demands_of

ROOT: Final = Path(__file__).parents[2]
KINDS: Final = [kind for kind in SERVERS if kind.arns]


def blocks(kind: ServerKind) -> Iterator[str]:
    """What each remediation prints below a comment that begins with "Terraform", up to the next comment."""
    demands = demands_of([profile("mozilla-intermediate")])
    assert demands is not None
    for setting in kind.write(demands):
        for at, line in enumerate(setting.lines):
            if line.startswith("# Terraform"):
                yield "\n".join(
                    takewhile(lambda one: not one.startswith("# "), setting.lines[at + 1 :])
                )


def read(text: str) -> dict[str, Any]:
    return {
        name: value for name, value in hcl2.loads(text + "\n").items() if name != "__comments__"
    }


@pytest.mark.parametrize("path", sorted((ROOT / "deploy").rglob("*.tf")), ids=lambda one: one.name)
def test_each_file_has_resources(path: Path) -> None:
    assert read(path.read_text(encoding="utf-8"))["resource"]


@pytest.mark.parametrize("kind", KINDS, ids=lambda one: one.name)
def test_each_remediation_prints_arguments_or_blocks(kind: ServerKind) -> None:
    found = list(blocks(kind))
    assert found
    for text in found:
        # A statement of a policy is JSON, which the policy's document has in Terraform too.
        assert read(f"policy = {text}" if text.startswith("{") else text), text


@pytest.mark.parametrize("text", ['resource "x" "y" {', 'a = "${b"', "a b", "a = [1,"])
def test_the_parser_refuses_what_terraform_does(text: str) -> None:
    with pytest.raises(UnexpectedInput):
        read(text)
