"""Every command and query of the runbooks and the reference runs, or is parsed by the program that it is for.

Runbooks and reference pages assume a running service, so each kind of page is run as one page after a
preamble that starts one.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click
import psycopg
import pytest

from service.cli.app import app
from tests.deploy.test_rules import ALERTS
from tests.docs.page_blocks import Commands, steps
from tests.docs.test_pages import DOCS, ROOT, UNSHARE
from tests.support.postgresql import postgres_server

ALERTMANAGER: Final = f"""
```sh
prometheus-alertmanager --config.file={ROOT}/deploy/alertmanager/alertmanager.yml --storage.path=silences --web.listen-address=127.0.0.1:9093 --cluster.listen-address=
curl --fail --silent --retry 30 --retry-delay 1 --retry-connrefused http://127.0.0.1:9093/-/ready
```
"""
RUNBOOKS: Final = sorted((DOCS / "runbooks").glob("*.md"))
REFERENCE: Final = sorted((DOCS / "reference").glob("*.md"))
PREAMBLE: Final = """
```yaml
# targets.yml
- www.example.com
- api.example.com
- closed.example.com
- target: legacy.example.com
  labels: {team: payments, server: nginx}
- target: shop.internal.example
  labels: {trust_stores: internal}
- target: mtls.example.com
  labels: {client_auth: required}
- partners.example.com
```

```yaml
# tlsprobe.yml
targets_files: [targets.yml]
trust_stores: {mozilla: null, internal: internal-ca.pem}
policies: [mozilla-intermediate]
```

```sh
tlsprobe serve --config tlsprobe.yml
```
"""


def run_as_one(pages: list[Path], folder: Path, preamble: str) -> None:
    """Runs all commands of ``pages`` after ``preamble``."""
    page = folder / "page.md"
    page.write_text("\n".join((preamble, *(one.read_text() for one in pages))))
    assert any(isinstance(one, Commands) for one in steps(page.read_text()))
    command = [*UNSHARE, sys.executable, "-m", "tests.docs.run_page", str(page)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout.partition("--- not as")[2] + done.stderr


@pytest.mark.integration
@pytest.mark.process
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_commands_of_runbooks_run(tmp_path: Path) -> None:
    run_as_one(RUNBOOKS, tmp_path, PREAMBLE)


@pytest.mark.integration
@pytest.mark.process
@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_commands_of_the_reference_run(tmp_path: Path) -> None:
    pages = [one for one in REFERENCE if one.stem not in ("python-api", "commands")]
    run_as_one(pages, tmp_path, PREAMBLE.replace("- closed.example.com\n", "") + ALERTMANAGER)


@pytest.mark.integration
@pytest.mark.slow
def test_postgresql_takes_the_queries_of_runbooks() -> None:
    found = [
        sql
        for one in RUNBOOKS
        for sql in re.findall(r"```sql\n(.*?)```", one.read_text(), re.DOTALL)
    ]
    assert found
    with postgres_server() as server, psycopg.connect(server.url("postgres")) as connection:
        for sql in found:
            connection.execute(sql)


def inline_code(text: str) -> Iterator[str]:
    """The code in lines of text, outside of blocks."""
    outside = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.DOTALL | re.MULTILINE)
    yield from re.findall(r"`([^`\n]+)`", outside)


def commands_in_text() -> Iterator[tuple[str, str]]:
    """The place and the text of every command of tlsprobe in a sentence or an annotation of an alert."""
    for page in sorted(DOCS.rglob("*.md")):
        if page.parts[-2] != "contribute":
            yield from ((page.stem, one) for one in inline_code(page.read_text()))
    for name, rule in ALERTS.items():
        yield from ((name, one) for one in inline_code(rule["annotations"]["description"]))


def fault_of(text: str) -> str | None:
    """What is wrong with a command: one that does not exist, or an option that it does not have."""
    command: click.Command = app
    words = text.replace("\\|", " | ").partition(" | ")[0].split()[1:]
    while words and isinstance(command, click.Group) and not words[0].startswith("-"):
        below = command.get_command(click.Context(command), words[0])
        if below is None:
            return f"{text}: there is no command {words[0]}"
        command = below
        words = words[1:]
    options = {name for one in command.params for name in (*one.opts, *one.secondary_opts)}
    options |= {"--help", "-h"}
    unknown = [
        word for word in words if word.startswith("-") and word.partition("=")[0] not in options
    ]
    return f"{text}: unknown {unknown}" if unknown else None


def test_commands_in_sentences_and_annotations_exist() -> None:
    found = [
        (place, text) for place, text in commands_in_text() if re.match(r"tlsprobe [a-z-]+", text)
    ]
    assert len({place for place, _ in found}) > 20
    faults = [f"{place}: {fault}" for place, text in found if (fault := fault_of(text))]
    assert faults == []


@pytest.mark.parametrize(
    "text", ["tlsprobe scam HOST", "tlsprobe policy lst", "tlsprobe scan HOST --polcy NAME"]
)
def test_a_command_that_does_not_exist_is_found(text: str) -> None:
    assert fault_of(text) is not None
