"""docs/explanation/threat-model.md: every threat names a test or a gap, and every test exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from fuzz.targets import TARGETS
from tests.hostile.catalogue import LAYERS, MODES
from tests.pki.net_guard.evasions import PLACES, URLS

TESTS = Path(__file__).parent
PAGE = (TESTS.parent / "docs/explanation/threat-model.md").read_text(encoding="utf-8")
TABLES_OF_THREATS, _, ATTACKS = PAGE.partition("## Where the attacks are")
THREATS = re.findall(
    r"^\| (?!(?:Threat|Power) \||-)([^|]+)\|([^|]+)\|([^|]+)\|$", TABLES_OF_THREATS, re.MULTILINE
)
NAMED = re.findall(r"`([\w/]+\.py)::(test_\w+)`", PAGE)


def test_the_page_has_enough_distinct_threats() -> None:
    assert len(THREATS) >= 35
    assert len(THREATS) == len({threat for threat, _, _ in THREATS})


def test_every_threat_names_a_test_or_what_is_missing() -> None:
    silent = [threat for threat, _, how in THREATS if "::" not in how and "open: " not in how]
    assert silent == []


def test_every_test_name_on_the_page_is_read() -> None:
    assert len(NAMED) == PAGE.count(".py::")


def test_every_named_test_exists() -> None:
    missing = [
        f"{file}::{test}"
        for file, test in set(NAMED)
        if not (TESTS / file).is_file()
        or f"def {test}(" not in (TESTS / file).read_text(encoding="utf-8")
    ]
    assert missing == []


ATTACKERS = (
    "An attacker on the network",
    "A hostile server",
    "A hostile tenant",
    "Someone with a leaked token",
)


@pytest.mark.parametrize("attacker", ATTACKERS)
def test_the_page_says_what_each_attacker_can_and_cannot_do(attacker: str) -> None:
    (section,) = re.findall(rf"^### {attacker}.*?(?=^##)", PAGE, re.MULTILINE | re.DOTALL)
    powers = re.findall(r"^\| (can|cannot) ", section, re.MULTILINE)
    assert set(powers) == {"can", "cannot"}


def test_the_numbers_of_attacks_are_those_of_the_tests() -> None:
    numbers = [int(number) for number in re.findall(r"^\| [^|]+\| (\d+) \|", ATTACKS, re.MULTILINE)]
    assert numbers == [len(PLACES), len(URLS), len(MODES), len(TARGETS)]
    assert len(PLACES) >= 60
    assert len(MODES) >= 40
    row = next(line for line in ATTACKS.splitlines() if "`tests/hostile/servers`" in line)
    by_layer = re.findall(r"\d+", row.partition("servers`:")[2])
    assert by_layer == [str(len(modes)) for modes in LAYERS.values()]
