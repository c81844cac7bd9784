"""The cost of every reader is linear in the length of the peer's text or stream, even for its worst inputs.

One table lists all readers. New ones must be added: these tests look for the catalogue's scripts, every class
that is fed bytes, and every function of ``probe.web.fields``.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Final

import pytest

import probe
from probe.web import fields
from tests.probe.growth.measuring import Row, assert_linear
from tests.probe.growth.quic import quic_rows
from tests.probe.growth.scripts import FLOODS, script_rows, scripted_names
from tests.probe.growth.streams import stream_rows
from tests.probe.growth.texts import text_rows

pytestmark = pytest.mark.slow

ROWS: Final = (*script_rows(), *stream_rows(), *quic_rows(), *text_rows())
_ELSEWHERE: Final = {
    "Dialogue": "a Protocol",
    "Scripted": "a row for each script",
    "UpgradeDialogue": "a row for each script",
    "OpenSslHandshake": "test_handshakes.py",
    "SimpleClient": "test_handshakes.py",
    "Talk": "a Protocol",
}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.covers}-{row.name}")
def test_the_cost_is_linear_in_the_length(row: Row) -> None:
    assert_linear(row)


def test_every_script_of_the_catalogue_has_a_row() -> None:
    assert set(FLOODS) == scripted_names()


def test_every_class_that_reads_peer_bytes_has_a_row() -> None:
    covered = {row.covers for row in ROWS} | set(_ELSEWHERE)
    assert sorted(_fed_classes() - covered) == []


def test_every_function_that_reads_a_field_of_http_has_a_row() -> None:
    read = {
        name
        for name, one in inspect.getmembers(fields, inspect.isfunction)
        if one.__module__ == fields.__name__ and not name.startswith("_")
    }
    assert read <= {row.covers for row in ROWS}


def _fed_classes() -> set[str]:
    found = set()
    for module in pkgutil.walk_packages(probe.__path__, "probe."):
        for name, one in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            is_own = one.__module__ == module.name and not name.startswith("_")
            if is_own and module.name.startswith(_ROOMS) and _is_fed(one):
                found.add(name)
    return found


_ROOMS: Final = ("probe.tls", "probe.crypto", "probe.connect", "probe.web", "probe.quic")


def _is_fed(one: type) -> bool:
    return hasattr(one, "feed") or "feed" in getattr(one, "__annotations__", {})
