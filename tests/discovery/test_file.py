"""Targets files: both forms in YAML and JSON, each error with its line, and changes while running."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discovery.files.targets_file import FileSource, TargetsFileError, read_targets_file
from discovery.source import DiscoveryUpdate
from model.target import Target

OWN_FORM = """\
# our own form
- example.com
- "[2001:db8::1]:8443"
- target: 192.0.2.1:443
  server_name: shop.example
  labels: {team: pay, tier: 1, on: yes}
- target: https://quiet.example/
  server_name: null
"""
FILE_SD = [
    {
        "targets": ["one.example:443", "two.example:8443"],
        "labels": {"env": "prod", "__meta_x": "for rules", "face": "\U0001f600"},
    },
    {"targets": ["three.example"]},
]

FAULTS: tuple[tuple[str, int | None, str], ...] = (
    ("targets: [a.example]\n", 1, "list"),
    ("- 'a.example\n", None, "YAML"),
    ("- \x00\n", None, "YAML"),
    ("[" * 65, 1, "nested deeper than 64 levels"),
    ("[" * 200_000 + "]" * 200_000, 1, "nested deeper than 64 levels"),
)


SKIPPED: tuple[tuple[str, int, str], ...] = (
    ("- exa mple.com\n", 2, "host name"),
    ("- target: example.com:0\n", 2, "port"),
    ("-\n  - b.example\n", 3, "list inside a list"),
    ("- target: a.example\n  labels: [x]\n", 3, "labels"),
    ("- target: a.example\n  label: {x: y}\n", 3, "unknown key 'label'"),
    ("- labels: {a: b}\n", 2, "has no target"),
    ("- targets: a.example\n", 2, "targets"),
    ("- target: a.example\n  labels: {'': c}\n", 3, "empty"),
    ("- target: a.example\n  target: b.example\n", 3, "duplicated"),
    ("- target: {a: b}\n", 2, "text"),
    ("- target: a.example\n  protocol: gopher\n", 2, "protocol"),
    ("- targets: ['http://b.example', ok.example]\n", 2, "unknown scheme"),
)


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_our_own_format_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "targets.yml", OWN_FORM)
    assert read_targets_file(path).targets == (
        Target(host="example.com", port=443, server_name="example.com"),
        Target(host="2001:db8::1", port=8443, server_name=None),
        Target(
            host="192.0.2.1",
            port=443,
            server_name="shop.example",
            labels={"team": "pay", "tier": "1", "on": "yes"},
        ),
        Target(host="quiet.example", port=443, server_name=None),
    )


@pytest.mark.parametrize("indent", [None, 2, "\t"])
def test_file_sd_is_read_as_prometheus_defines_it(tmp_path: Path, indent: str | int | None) -> None:
    path = write(tmp_path / "sd.json", json.dumps(FILE_SD, indent=indent))
    labels = {"env": "prod", "__meta_x": "for rules", "face": "\U0001f600"}
    assert read_targets_file(path).targets == (
        Target(host="one.example", port=443, server_name="one.example", labels=labels),
        Target(host="two.example", port=8443, server_name="two.example", labels=labels),
        Target(host="three.example", port=443, server_name="three.example"),
    )


def test_a_target_names_its_source(tmp_path: Path) -> None:
    path = write(tmp_path / "targets.yml", "- example.com\n")
    assert read_targets_file(path).targets[0].source == f"file:{path}"


def test_a_target_that_is_listed_twice_has_the_labels_of_both(tmp_path: Path) -> None:
    text = """\
- {target: a.example, labels: {x: first, y: kept}}
- {target: "a.example:443", labels: {x: later}}
"""
    (target,) = read_targets_file(write(tmp_path / "targets.yml", text)).targets
    assert target.labels == {"x": "later", "y": "kept"}


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "[]", "null"])
def test_an_empty_file_holds_no_target(tmp_path: Path, text: str) -> None:
    assert read_targets_file(write(tmp_path / "targets.yml", text)).targets == ()


@pytest.mark.parametrize(("text", "line", "word"), FAULTS)
def test_a_fault_is_reported_with_its_line(
    tmp_path: Path, text: str, line: int | None, word: str
) -> None:
    path = write(tmp_path / "targets.yml", text)
    with pytest.raises(TargetsFileError) as fault:
        read_targets_file(path)
    message = str(fault.value)
    assert (str(path) in message, word in message, "\n" in message) == (True, True, False)
    assert line is None or fault.value.line == line


@pytest.mark.parametrize(("entry", "line", "word"), SKIPPED)
def test_an_invalid_entry_costs_only_itself(
    tmp_path: Path, entry: str, line: int, word: str
) -> None:
    path = write(tmp_path / "targets.yml", f"- ok.example\n{entry}")
    reading = read_targets_file(path)
    assert [target.host for target in reading.targets] == ["ok.example"]
    (skipped,) = reading.skipped
    assert (skipped.place, word in skipped.problem) == (f"{path}, line {line}", True)


def test_a_label_that_cannot_act_is_reported_with_its_line_and_the_target_stays(
    tmp_path: Path,
) -> None:
    text = """\
- target: a.example
  labels:
    team: pay
    client_auth: mandatory
- targets: [b.example, c.example]
  labels: {client_identiy: billing}
"""
    path = write(tmp_path / "targets.yml", text)
    found = read_targets_file(path)
    assert [one.host for one in found.targets] == ["a.example", "b.example", "c.example"]
    said = [str(one) for one in found.skipped]
    assert said[0].startswith(f"{path}, line 4: the label client_auth must not be 'mandatory'")
    assert said[1].startswith(f"{path}, line 6: the label 'client_identiy' has no effect")
    table = write(tmp_path / "t.csv", "target,client_auth\na.example,mandatory\nb.example,none\n")
    (skipped,) = read_targets_file(table).skipped
    assert str(skipped).startswith(f"{table}, line 2: the label client_auth must not be")


def test_label_names_are_any_text_as_in_prometheus_3(tmp_path: Path) -> None:
    path = write(
        tmp_path / "sd.json", '[{"targets": ["a.test"], "labels": {"cloud.region": "eu"}}]'
    )
    (target,) = read_targets_file(path).targets
    assert target.labels == {"cloud.region": "eu"}


def test_a_missing_file_is_reported(tmp_path: Path) -> None:
    with pytest.raises(TargetsFileError, match="cannot be read"):
        read_targets_file(tmp_path / "none.yml")


def test_a_file_that_is_not_text_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "targets.yml"
    path.write_bytes(b"- a.example\n- \xff\xfe\n")
    with pytest.raises(TargetsFileError, match="line 2: is not UTF-8"):
        read_targets_file(path)


@settings(max_examples=200)
@given(text=st.text(max_size=200) | st.text("-: []{},'\"\n#&*!|>ab", max_size=60))
def test_any_text_is_targets_or_an_error(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.yml"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with suppress(TargetsFileError):
        read_targets_file(path)


def change(path: Path, text: str | None) -> None:
    """Replaces the file atomically by a new text, or removes it."""
    if text is None:
        path.unlink()
        return
    beside = path.with_suffix(".new")
    beside.write_text(text)
    beside.replace(path)


async def changes(path: Path, *deeds: str | None) -> list[DiscoveryUpdate]:
    """What a watcher yields at first and after each step: a new text, or None after removal."""
    watching = FileSource(path, poll_seconds=0.005).watch()
    heard = [await anext(watching)]
    for deed in deeds:
        change(path, deed)
        async with asyncio.timeout(30):
            heard.append(await anext(watching))
    return heard


def names(update: DiscoveryUpdate) -> list[str] | None:
    return None if update.targets is None else [target.host for target in update.targets]


async def test_a_change_is_detected(tmp_path: Path) -> None:
    path = write(tmp_path / "targets.yml", "- a.example\n")
    heard = await changes(path, "- b.example\n- c.example\n")
    assert [names(update) for update in heard] == [["a.example"], ["b.example", "c.example"]]


async def test_a_bad_state_is_an_error_and_no_targets(tmp_path: Path) -> None:
    path = write(tmp_path / "targets.yml", "- a.example\n")
    heard = await changes(path, "{not a list", "- b.example\n", None, "- c.example\n")
    assert [names(update) for update in heard] == [
        ["a.example"],
        None,
        ["b.example"],
        None,
        ["c.example"],
    ]
    assert [update.error is None for update in heard] == [True, False, True, False, True]


async def test_each_version_of_a_file_has_its_targets_and_its_invalid_entries(
    tmp_path: Path,
) -> None:
    path = write(tmp_path / "targets.yml", "- a b\n")
    heard = await changes(
        path, "- a.example\n", "- a.example:99999\n", "- b.example\n- a b\n", "[]"
    )
    assert [names(update) for update in heard] == [[], ["a.example"], [], ["b.example"], []]
    assert [len(update.skipped) for update in heard] == [1, 0, 1, 1, 0]
    assert "line 1: 'a.example:99999' has no valid port" in str(heard[2].skipped[0])


async def test_a_file_that_does_not_exist_yet_is_waited_for(tmp_path: Path) -> None:
    heard = await changes(tmp_path / "targets.yml", "- a.example\n")
    assert [names(update) for update in heard] == [None, ["a.example"]]
