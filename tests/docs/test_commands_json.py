"""docs/reference/commands.schema.json describes what each command prints with ``--json``."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click
import jsonschema
import pytest
from referencing import Registry, Resource

from scripts import json_reference
from scripts.commands_json_reference import SCHEMA, commands, reference
from service.cli.app import app
from service.cli.commands import COMMANDS, ROOT, Command
from service.cli.help_text import context_of
from tests.probe.programmable.server import serve, served_on_a_port
from tests.service.processes import tlsprobe
from tests.service.test_history import database
from tests.service.test_scan_output import MODEL

__all__ = ["database"]

PAGE: Final = SCHEMA.with_name("commands-json.md")
OBSERVATIONS: Final = {"scan", "replay"}
"""They print Observations, whose schema is another file."""
WITHOUT_RESULTS: Final = {
    *("serve", "worker", "demo"),
    *("policy", "db", "help", "completion"),
    *("rules", "report", "policy schema", "aws", "aws policy"),
}
"""They run until they are stopped, show help, or print a document in a format of its own."""
EXIT_WRONG: Final = 2
TARGETS: Final = "targets: [{host: 127.0.0.1, port: 9443, labels: {team: web}}]\n"
POLICY: Final = "policies: {house: {rules: {protocol_versions: {allowed: [TLSv1.3]}}}}\n"
MODULES: Final = "modules: {tcp: {prober: tcp}, icmp: {prober: icmp}}\n"


def strict(schema: Any) -> Any:
    """The schema, without the promise that keys may be added: a key that it does not describe is an error."""
    if isinstance(schema, list):
        return [strict(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    made = {name: strict(below) for name, below in schema.items()}
    if isinstance(schema.get("properties"), dict) and "type" in schema:
        made.setdefault("additionalProperties", False)
    return made


def registry() -> Registry[Any]:
    own = strict(json.loads(SCHEMA.read_text()))
    observation = json.loads(json_reference.SCHEMA.read_text())
    contents = {SCHEMA.name: own, json_reference.SCHEMA.name: observation}
    return Registry().with_resources(
        (name, Resource.from_contents(content)) for name, content in contents.items()
    )


def check(name: str, output: str) -> Mapping[str, Any]:
    said: Mapping[str, Any] = json.loads(output)
    schema = {"$ref": f"{SCHEMA.name}#/$defs/{name.replace(' ', '%20')}"}
    jsonschema.Draft202012Validator(schema, registry=registry()).validate(said)
    return said


def words_of(row: Command) -> tuple[str, ...]:
    return (row.name,) if row.group == ROOT else (row.group, row.name)


def commands_with_json() -> Iterator[str]:
    for row in COMMANDS:
        words = words_of(row)
        command = context_of(click.Context(app, info_name=ROOT), words).command
        if any("--json" in one.opts for one in command.params):
            yield " ".join(words)


def test_every_command_with_json_has_a_schema() -> None:
    assert set(commands_with_json()) - OBSERVATIONS == set(commands())


def test_every_command_that_prints_results_has_json() -> None:
    every = {" ".join(words_of(row)) for row in COMMANDS}
    assert every - set(commands_with_json()) == WITHOUT_RESULTS


def test_the_page_is_generated_from_the_schema() -> None:
    assert PAGE.read_text() == reference(), "run `make docs`"


@pytest.mark.parametrize(
    "words",
    [
        ["history", "a.example"],
        ["diff", "a.example", "--since", "2026-03-01T12:30"],
        ["changes", "--since", "2026-03-01"],
        ["inventory", "--at", "2026-03-01T16:30"],
        ["compare", "a.example", "--at", "2026-03-01T12:30", "--all"],
        ["events", "--since", "2026-01-01"],
        ["audit", "--since", "2026-01-01"],
        ["certificates"],
        ["claims"],
        ["remediate"],
    ],
    ids=lambda words: words[0],
)
def test_what_reads_the_database_prints_as_its_schema_says(words: list[str], database: str) -> None:
    run = tlsprobe(*words, "--database", database, "--json")
    assert run.returncode != EXIT_WRONG, run.stderr
    assert check(words[0], run.stdout)


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("policy list", []),
        ("policy show", ["mozilla-modern"]),
        ("policy diff", ["mozilla-modern", "mozilla-intermediate"]),
        ("policy check", ["policy.yml"]),
        ("policy explain", ["certificate_expiry"]),
        ("modules", ["modules.yml"]),
        ("discover", ["--config", "tlsprobe.yml"]),
        ("doctor", ["--config", "tlsprobe.yml"]),
    ],
)
def test_what_reads_files_prints_as_its_schema_says(
    command: str,
    words: list[str],
    database: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "policy.yml").write_text(POLICY)
    (tmp_path / "modules.yml").write_text(MODULES)
    (tmp_path / "targets.yml").write_text(TARGETS)
    (tmp_path / "tlsprobe.yml").write_text(
        f"{{targets_files: [targets.yml], database: '{database}'}}\n"
    )
    run = tlsprobe(*command.split(), *words, "--json")
    assert run.returncode != EXIT_WRONG, run.stderr
    assert check(command, run.stdout)


async def test_explain_prints_as_its_schema_says() -> None:
    async with serve(served_on_a_port(MODEL)) as server:
        words = ("explain", f"127.0.0.1:{server.port}", "tls1.2", "--json")
        run = await asyncio.to_thread(tlsprobe, *words)
    assert check("explain", run.stdout)["explanations"][0]["verdict"] == "yes"


async def test_what_judges_a_host_prints_as_its_schema_says() -> None:
    async with serve(served_on_a_port(MODEL)) as server:
        host = f"127.0.0.1:{server.port}"
        evaluated = await asyncio.to_thread(
            tlsprobe, "policy", "evaluate", "mozilla-modern", host, "--json"
        )
        matched = await asyncio.to_thread(tlsprobe, "policy", "match", host, "--json")
    (endpoint,) = check("policy evaluate", evaluated.stdout)["endpoints"]
    (policy,) = endpoint["policies"]
    assert (policy["policy"], policy["compliance"]) == ("mozilla-modern", "no")
    assert "fail" in {one["outcome"] for one in policy["results"]}
    (endpoint,) = check("policy match", matched.stdout)["endpoints"]
    assert endpoint["endpoint"].startswith(host)


def test_report_verify_prints_as_its_schema_says(database: str, tmp_path: Path) -> None:
    report = tmp_path / "report.html"
    tlsprobe("report", "--database", database, "--output", report)
    said = check("report verify", tlsprobe("report", "verify", report, "--json").stdout)
    assert (said["intact"], said["format"]) == (True, "html")
    report.write_text(report.read_text() + " ")
    altered = tlsprobe("report", "verify", report, "--json")
    assert altered.returncode == 1
    assert check("report verify", altered.stdout)["intact"] is False
