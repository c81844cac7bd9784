"""The bill of materials is valid CycloneDX, complete, and the same for the same locks."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from scripts.supply_chain.bill_of_materials import bill_of_materials, pinned
from scripts.supply_chain.release import ROOT, SHIPPED_LOCKS

LOCK = """\
a==1.0 ; sys_platform != 'win32' \\
    --hash=sha256:{a} \\
    --hash=sha256:{b}
    # via tlsprobe (pyproject.toml)
b-c==2.0 \\
    --hash=sha256:{b}
    # via
    #   -c requirements/run.txt
    #   a
    #   tlsprobe (pyproject.toml)
""".format(a="a" * 64, b="b" * 64)
MOMENT = datetime(2026, 1, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def shipped() -> str:
    return "".join((ROOT / "requirements" / one).read_text() for one in SHIPPED_LOCKS)


def bill(lock: str) -> Any:
    return json.loads(bill_of_materials(lock, version="1.2.3", moment=MOMENT))


def test_a_lock_is_read() -> None:
    one, other = pinned(LOCK)
    assert (one.name, one.version, one.hashes) == ("a", "1.0", ("a" * 64, "b" * 64))
    assert one.required_by == ("tlsprobe",)
    assert (other.name, other.required_by) == ("b-c", ("a", "tlsprobe"))


def test_the_bill_has_versions_hashes_and_dependencies() -> None:
    found = bill(LOCK)
    assert found["metadata"]["component"]["version"] == "1.2.3"
    assert found["metadata"]["timestamp"].startswith("2026-01-02T00:00:00")
    assert [one["purl"] for one in found["components"]] == ["pkg:pypi/a@1.0", "pkg:pypi/b-c@2.0"]
    reference = found["components"][0]["externalReferences"][0]
    assert reference["url"] == "pkg:pypi/a@1.0"
    assert {one["content"] for one in reference["hashes"]} == {"a" * 64, "b" * 64}
    needs = {one["ref"]: one.get("dependsOn", []) for one in found["dependencies"]}
    assert needs == {
        "tlsprobe": ["pkg:pypi/a@1.0", "pkg:pypi/b-c@2.0"],
        "pkg:pypi/a@1.0": ["pkg:pypi/b-c@2.0"],
        "pkg:pypi/b-c@2.0": [],
    }


def test_the_bill_of_the_image_is_valid_and_complete(shipped: str) -> None:
    text = bill_of_materials(shipped, version="1.2.3", moment=MOMENT)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    found = json.loads(text)
    pins = set(re.findall(r"^(\S+)==(\S+)", shipped, re.MULTILINE))
    assert {(one["name"], one["version"]) for one in found["components"]} == pins
    reached, waiting = set(), ["tlsprobe"]
    needs = {one["ref"]: one.get("dependsOn", []) for one in found["dependencies"]}
    while waiting:
        reached.add(name := waiting.pop())
        waiting += [one for one in needs[name] if one not in reached]
    assert reached == {"tlsprobe", *(one["bom-ref"] for one in found["components"])}


def test_a_broken_bill_is_not_valid(shipped: str) -> None:
    text = bill_of_materials(shipped, version="1.2.3", moment=MOMENT)
    broken = text.replace('"type": "library"', '"type": "book"', 1)
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(broken) is not None


def test_the_same_locks_give_the_same_bill(shipped: str) -> None:
    first, second = (bill_of_materials(shipped, version="1.2.3", moment=MOMENT) for _ in range(2))
    assert first == second
    assert bill(LOCK)["serialNumber"] != json.loads(first)["serialNumber"]
