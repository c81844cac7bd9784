"""The result of ``import tlsprobe``: every public name, and nothing that takes time before its first use."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Final

import pytest

import tlsprobe

_LOADED: Final = """
import sys
before = set(sys.modules)
import tlsprobe
import json
print(json.dumps(sorted(set(sys.modules) - before)))
"""
_LIBRARIES: Final = {
    "OpenSSL",
    "asyncio",
    "cryptography",
    "dns",
    "httpx",
    "pydantic",
    "ssl",
    "yaml",
}


@pytest.fixture(scope="module")
def loaded() -> set[str]:
    """The modules that the import alone loads, in a new interpreter."""
    run = subprocess.run(
        [sys.executable, "-c", _LOADED], check=True, capture_output=True, encoding="utf-8"
    )
    return set(json.loads(run.stdout))


def test_the_import_loads_no_library(loaded: set[str]) -> None:
    assert not loaded & _LIBRARIES


def test_the_import_loads_no_other_package_of_the_project(loaded: set[str]) -> None:
    ours = {"model", "pki", "probe", "discovery", "scheduling", "policy", "storage", "exporters"}
    assert "tlsprobe" in loaded
    assert not {name.split(".")[0] for name in loaded} & {*ours, "service"}


@pytest.mark.parametrize("name", tlsprobe.__all__)
def test_every_public_name_exists(name: str) -> None:
    assert getattr(tlsprobe, name) is not None
    assert name in dir(tlsprobe)


@pytest.mark.parametrize("name", tlsprobe.policy.__all__)
def test_every_public_name_of_policies_exists(name: str) -> None:
    assert getattr(tlsprobe.policy, name) is not None


def test_a_name_that_is_not_public_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'scna'"):
        getattr(tlsprobe, "scna")  # noqa: B009 (mypy would refuse the attribute itself)


def test_every_error_is_one_of_our_types() -> None:
    errors = [getattr(tlsprobe, name) for name in tlsprobe.__all__ if name.endswith("Error")]
    assert all(issubclass(error, tlsprobe.TlsprobeError) for error in errors)
