"""``tlsprobe discover``: the targets found, the effect of the rules, and errors."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.service.processes import tlsprobe

CONFIGURATION = """\
targets_files: [targets.yml]
discovery:
  - type: names
    name: feed
    files: [names.txt]
    ports: [443, 8443]
    relabel:
      - {action: drop, source_labels: [__address__], regex: ".*:8443"}
relabel:
  - {source_labels: [__source__], target_label: found_by}
deny: ["*.secret.test"]
"""


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("targets.yml").write_text("- a.test:443\n")
    Path("names.txt").write_text("a.test\nb.test\nx.secret.test\n")
    Path("tlsprobe.yml").write_text(CONFIGURATION)


def test_the_command_lists_found_dropped_and_denied_targets() -> None:
    run = tlsprobe("discover", "--config", "tlsprobe.yml")
    assert (run.returncode, run.stderr) == (0, "")
    assert run.stdout.splitlines() == [
        "file:targets.yml: 1 target",
        "  + a.test:443  found_by=file:targets.yml",
        "feed: 2 targets, 3 dropped, 1 denied",
        "  + a.test:443  found_by=feed",
        "  + b.test:443  found_by=feed",
        "  - a.test:8443  (dropped by a rule)",
        "  - b.test:8443  (dropped by a rule)",
        "  - x.secret.test:8443  (dropped by a rule)",
        (
            "  - x.secret.test:443: denied by the configuration (deny): x.secret.test at port 443 is "
            "covered by '*.secret.test'"
        ),
        "total: 2 targets",
    ]


def test_an_entry_that_is_skipped_is_named_with_its_line_unless_a_rule_drops_or_rewrites_it() -> (
    None
):
    Path("targets.yml").write_text(
        "- a.test:443\n- {target: 'a b', labels: {team: x}}\n- http://c.test\n"
    )
    rules = """\
relabel:
  - {action: drop, source_labels: [__address__], regex: "http://.*"}
"""
    Path("tlsprobe.yml").write_text(f"targets_files: [targets.yml]\n{rules}")
    run = tlsprobe("discover", "--config", "tlsprobe.yml")
    problem = (
        "'a b' is not a host name or address: use a target such as example.com, example.com:8443, "
        "[2001:db8::1]:443 or smtp://mail.example.com"
    )
    assert run.stdout.splitlines()[:4] == [
        "file:targets.yml: 1 target, 1 dropped, 1 skipped",
        "  + a.test:443",
        "  - http://c.test  (dropped by a rule)",
        f"  ! skipped: targets.yml, line 2: {problem}",
    ]
    rewrite = "  - {source_labels: [__address__, team], regex: 'a b;x', target_label: __address__, replacement: b.test}\n"
    Path("tlsprobe.yml").write_text(f"targets_files: [targets.yml]\n{rules}{rewrite}")
    run = tlsprobe("discover", "--config", "tlsprobe.yml", "--json")
    found = json.loads(run.stdout)
    assert [one["key"] for one in found["targets"]] == ["a.test:443", "b.test:443"]
    assert (found["sources"][0]["skipped"], found["sources"][0]["dropped"]) == (
        [],
        ["http://c.test"],
    )


def test_skipped_entries_are_counted_on_standard_error_and_have_an_exit_code() -> None:
    Path("tlsprobe.yml").write_text("targets_files: [targets.yml]\n")
    Path("targets.yml").write_text("- a.test:443\n- http://c.test\n")
    run = tlsprobe("discover", "--config", "tlsprobe.yml")
    assert run.returncode == 3
    assert run.stderr == (
        "tlsprobe: 1 entry of 1 source skipped: the output names each one with the reason\n"
    )
    assert run.stdout.splitlines()[0] == "file:targets.yml: 1 target, 1 skipped"


def test_a_source_with_only_skipped_entries_has_failed() -> None:
    Path("tlsprobe.yml").write_text("targets_files: [targets.yml]\n")
    Path("targets.yml").write_text("- http://c.test\n- http://d.test\n")
    run = tlsprobe("discover", "--config", "tlsprobe.yml", "--json")
    assert run.returncode == 1
    (source,) = json.loads(run.stdout)["sources"]
    assert source["error"].startswith("none of its entries can be used, the first is targets.yml, ")
    assert len(source["skipped"]) == 2
    run = tlsprobe("discover", "--config", "tlsprobe.yml")
    assert run.stdout.splitlines()[0] == "file:targets.yml: failed: 0 targets, 2 skipped"


def test_as_json_each_target_names_its_sources() -> None:
    run = tlsprobe("discover", "--config", "tlsprobe.yml", "--json")
    targets = json.loads(run.stdout)["targets"]
    assert [(one["key"], one["source"]) for one in targets] == [
        ("a.test:443", "file:targets.yml, feed"),
        ("b.test:443", "feed"),
    ]


def test_a_source_that_fails_is_reported_and_the_others_are_shown() -> None:
    Path("names.txt").unlink()
    run = tlsprobe("discover", "--config", "tlsprobe.yml")
    assert run.returncode == 1
    assert "feed: failed: names.txt cannot be read" in run.stdout
    assert "total: 1 target" in run.stdout


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        ("type: names", "type: nmes", "line 3: discovery.0"),
        ("ports: [443", "prts: [443", "line 6: unknown setting 'discovery.0.prts'"),
        ("ports: [443", "ports: [0", "line 6: discovery.0.ports.0 must be greater"),
        ("action: drop", "action: dorp", "line 8: discovery.0.relabel.0.action"),
        ('".*:8443"', '"("', "line 8: discovery.0.relabel.0"),
        ("*.secret.test", "a b", "line 11: deny"),
        ("name: feed", "name: file:targets.yml", "two sources have the name"),
    ],
)
def test_an_invalid_configuration_is_reported_with_its_line(
    before: str, after: str, words: str
) -> None:
    path = Path("tlsprobe.yml")
    path.write_text(path.read_text().replace(before, after))
    run = tlsprobe("discover", "--config", "tlsprobe.yml")
    assert run.returncode == 2
    assert words in run.stderr
    assert len(run.stderr.splitlines()) == 1


def test_without_a_source_there_is_no_output() -> None:
    Path("tlsprobe.yml").write_text("listen: 127.0.0.1:0\n")
    run = tlsprobe("discover", "--config", "tlsprobe.yml")
    assert run.returncode == 2
    assert "has no source" in run.stderr


def test_a_label_that_names_nothing_in_the_configuration_is_reported() -> None:
    """It comes from a file, or a rule gives it to the targets."""
    Path("targets.yml").write_text(
        "- {target: a.test, labels: {client_identity: billing, client_auth: mandatory}}\n"
    )
    rule = "- {target_label: trust_stores, replacement: 'mozilla,nn'}"
    Path("tlsprobe.yml").write_text(f"targets_files: [targets.yml]\nrelabel:\n  {rule}\n")
    run = tlsprobe("discover", "--config", "tlsprobe.yml")
    assert run.returncode == 3
    lines = [line for line in run.stdout.splitlines() if "skipped: " in line]
    assert len(lines) == 3
    assert (
        sum("targets.yml, line 1: the label client_auth must not be" in one for one in lines) == 1
    )
    assert any(
        "a.test:443: the label client_identity must not be 'billing'" in one for one in lines
    )
    assert any("the label trust_stores must not be 'nn'" in one for one in lines)
    assert "+ a.test:443" in run.stdout
