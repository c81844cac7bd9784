"""A new section takes a field, its row, and the place where its check stores it: a copy of the tree gets one."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TREE = Path(__file__).parents[2]
ROOMS = ("model", "pki", "probe", "scheduling", "storage", "service", "tests")

ADDED = {
    "model/observation.py": (
        "    not_asked: Mapping[str, Intrusiveness] = field(default_factory=dict)\n",
        "    weather: Mapping[str, Fact] = field(default_factory=dict)\n",
    ),
    "model/sections.py": (
        '    Section(name="not_asked", kind=NamedLevels()),\n',
        '    _named_facts("weather", feature_words),\n',
    ),
    "probe/checks/visit_facts.py": (
        "    http: dict[str, Fact] = field(default_factory=dict)\n",
        "    weather: dict[str, Fact] = field(default_factory=dict)\n",
    ),
}
"""For each file, a line and the line that is inserted after it."""

PROGRAM = """
from dataclasses import replace
from json import dumps
from model.differences import differences, known_facts
from model.encoding.facts_digest import facts_digest
from model.encoding.known_parts import KnownParts
from model.encoding.observation_json import from_json, to_json
from model.sections import SECTION_NAMES, named_facts
from model.verdict import Fact, Verdict
from probe.checks.visit_facts import VisitFacts
from probe.checks.visit_inputs import VisitInputs
from service.inventory.shared_parts import SharedParts
from service.inventory.without_evidence import without_evidence
from storage.rows.body import decode_body, encode_body
from tests.model.recorded import everything, proof
from tests.model.test_sections import RECORDED, everything_before_ssh

assert "weather" in SECTION_NAMES
before = everything_before_ssh
assert facts_digest(before()) == RECORDED[before][0], "stored digests stay"
old = dumps(to_json(everything(), with_evidence=False), separators=(",", ":"))
old = old.replace(',"weather":{}', "")
assert KnownParts().observation(old) == from_json(to_json(everything(), with_evidence=False))

rain = {"rain": Fact(verdict=Verdict.YES, evidence=proof(99), value="heavy")}
wet = replace(everything(), weather=rain)
dry = replace(wet, weather={"rain": Fact(verdict=Verdict.NO, evidence=proof(98))})
assert len({facts_digest(one) for one in (everything(), wet, dry)}) == 3
assert from_json(to_json(wet)) == wet
assert decode_body(encode_body(wet)) == wet
assert without_evidence(wet).weather == {"rain": Fact(verdict=Verdict.YES, value="heavy")}
assert SharedParts().shared_by(without_evidence(wet)) == without_evidence(wet)
assert known_facts([everything(), wet]).weather == rain
assert [one.sentence for one in differences(dry, wet)] == ["rain appeared"]
assert rain in list(named_facts(wet))
assert VisitFacts(inputs=VisitInputs(server_name=None), weather=rain).sections()["weather"] == rain
print("everything knows the new section")
"""


@pytest.mark.slow
def test_a_new_section_needs_only_a_field_and_a_row(tmp_path: Path) -> None:
    for room in ROOMS:
        # With its bytecode; another process may be about to rename a file of that to its last name.
        shutil.copytree(
            TREE / room, tmp_path / room, ignore=shutil.ignore_patterns("*.pyc.*", "zoo")
        )
    for name, (line, added) in ADDED.items():
        file = tmp_path / name
        text = file.read_text(encoding="utf-8")
        assert text.count(line) == 1, name
        file.write_text(text.replace(line, line + added), encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    assert done.stdout == "everything knows the new section\n"
