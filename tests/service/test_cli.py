"""How the command handles its arguments before it contacts any server."""

from __future__ import annotations

from importlib.metadata import version

import pytest

from tests.service.processes import tlsprobe, tlsprobe_process

pytestmark = pytest.mark.slow


@pytest.mark.process
def test_the_version_is_that_of_the_project() -> None:
    run = tlsprobe_process("--version")
    assert (run.returncode, run.stdout) == (0, f"tlsprobe {version('tlsprobe')}\n")


def test_no_command_shows_the_usage() -> None:
    run = tlsprobe()
    assert (run.returncode, run.stdout) == (2, "")
    assert "Usage: tlsprobe" in run.stderr


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["sacn", "127.0.0.1"], "sacn"),
        (["scan"], "HOST[:PORT]"),
        (["scan", "--jsno", "127.0.0.1"], "--jsno"),
        (["scan", "127.0.0.1:99999"], "99999"),
        (["scan", "127.0.0.1", "exa mple.com"], "exa mple.com"),
        (["scan", "gopher://127.0.0.1/"], "gopher"),
        (["scan", "a\x1b[31mb"], "a\\x1b[31mb"),
        (["scan", "127.0.0.1", "--timeout", "soon"], "--timeout"),
        (["scan", "127.0.0.1", "--timeout", "0"], "--timeout"),
        (["scan", "127.0.0.1", "--timeout", "nan"], "--timeout"),
        (["scan", "127.0.0.1", "--timeout", "inf"], "--timeout"),
        (["scan", "127.0.0.1", "--server-name", "a b"], "a b"),
        (["scan", "127.0.0.1", "--trust-store", "internal"], "NAME=FILE"),
        (["scan", "127.0.0.1", "--trust-store", "internal=/nowhere.pem"], "/nowhere.pem"),
        (["scan", "127.0.0.1", "--no-evidence"], "--json"),
        (["serve", "--config", "/nowhere.yml"], "/nowhere.yml"),
        (["serve", "--targets", "/nowhere.yml"], "/nowhere.yml"),
        (["serve", "--targets", "/nowhere.yml", "--listen", "9844"], "--listen"),
        (["demo", "--listen", "127.0.0.1:x"], "--listen"),
    ],
)
def test_bad_usage_is_reported_in_one_sentence_that_names_it(
    arguments: list[str], named: str
) -> None:
    run = tlsprobe(*arguments)
    assert (run.returncode, run.stdout) == (2, "")
    (sentence,) = run.stderr.splitlines()
    assert sentence.startswith("tlsprobe: ")
    assert named in sentence


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["scan", "127.0.0.1", "--timeout", "soon"],
            "--timeout must be a number, not 'soon' (see tlsprobe scan --help)",
        ),
        (
            ["history", "a.example", "--limit", "0"],
            (
                "--limit must be a whole number from 1 to 10000, not '0' (see tlsprobe history --help)"
            ),
        ),
        (
            ["scan", "127.0.0.1", "--fail-on", "worst"],
            (
                "--fail-on must be info, low, medium, high or critical, "
                "not 'worst' (see tlsprobe scan --help)"
            ),
        ),
        (
            ["policy", "check"],
            "FILE is missing: add it (see tlsprobe policy check --help)",
        ),
    ],
)
def test_bad_usage_is_plain_and_names_the_help_to_read(arguments: list[str], sentence: str) -> None:
    assert tlsprobe(*arguments).stderr == f"tlsprobe: {sentence}\n"
