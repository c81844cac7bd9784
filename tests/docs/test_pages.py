"""Every command of the Start and How-to pages runs as written, and Prometheus accepts every query.

The commands run in namespaces of their own (network, mounts, processes), for which the kernel must let this
user use ``unshare``; they cannot reach the machine's network.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from service.config.load import load_settings
from tests.deploy.test_rules import rules
from tests.docs.page_blocks import Commands, File, Query, missing_lines, steps
from tests.exporters.test_reference import ROWS, requested_metrics
from tests.support.postgresql import postgres_server

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(
    str(path.relative_to(DOCS))
    for part in ("start", "how-to")
    for path in (DOCS / part).glob("*.md")
)
RUN = [
    page
    for page in PAGES
    if any(isinstance(one, Commands) for one in steps((DOCS / page).read_text()))
]
SOURCES = [
    pytest.param(one.text, id=f"{page}:{one.name}")
    for page in PAGES
    for one in steps((DOCS / page).read_text())
    # Values of the Helm chart are not settings.
    if isinstance(one, File) and "\ndiscovery:" in one.text and not one.name.startswith("values")
]
QUERIES = [
    one.expression
    for page in sorted(DOCS.rglob("*.md"))
    for one in steps(page.read_text())
    if isinstance(one, Query)
]
# A user other than root becomes root of a user namespace, and may then create the others.
NAMESPACES = ("--mount", "--net", "--pid", "--fork", "--kill-child", "--mount-proc")
UNSHARE = ("unshare", *(() if os.geteuid() == 0 else ("--user", "--map-root-user")), *NAMESPACES)


def test_pages_have_commands_and_queries() -> None:
    assert {"start/one-host.md", "how-to/prove-mtls.md"} <= set(RUN)
    assert QUERIES


@pytest.mark.integration
@pytest.mark.process
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("page", RUN)
def test_commands_do_what_the_page_describes(page: str) -> None:
    command = [*UNSHARE, sys.executable, "-m", "tests.docs.run_page", str(DOCS / page)]
    if "@db.internal" in (DOCS / page).read_text():
        with postgres_server() as server:
            (socket,) = re.findall(r"host=(.*)", server.url("postgres"))
            done = _run([*command, f"{socket}/.s.PGSQL.5432"])
    else:
        done = _run(command)
    assert done.returncode == 0, done.stdout + done.stderr


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.integration
def test_prometheus_accepts_every_query(tmp_path: Path) -> None:
    rules = [{"record": f"page:{number}", "expr": one} for number, one in enumerate(QUERIES)]
    # JSON is YAML too.
    file = tmp_path / "rules.yml"
    file.write_text(json.dumps({"groups": [{"name": "pages", "rules": rules}]}))
    done = subprocess.run(
        ["promtool", "check", "rules", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", sorted(DOCS.rglob("*.md")), ids=lambda page: page.stem)
def test_a_page_names_only_existing_metrics_and_recording_rules(page: Path) -> None:
    """A name that ends in ``_*`` stands for several; the workers' schema in PostgreSQL is called tlsprobe_jobs."""
    text = re.sub(r"tlsprobe_\w*\*|//tlsprobe:", "", page.read_text())
    assert requested_metrics(text) <= ROWS.keys() | {"tlsprobe_jobs"}
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    assert set(re.findall(r"\btlsprobe:[a-z_]+:[a-z]+", text)) <= recorded


@pytest.mark.parametrize("text", SOURCES)
def test_the_service_accepts_every_list_of_sources(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("TLSPROBE_")]:
        monkeypatch.delenv(name)
    file = tmp_path / "tlsprobe.yml"
    file.write_text(text)
    load_settings(file)


def test_a_page_s_blocks_are_read() -> None:
    page = (
        "```yaml\n# a.yml\nkey: 1\n```\ntext\n```sh\n# a comment\none \\\n  two     # exit code 3\nthree\n```\n\n"
        "```text\nit is …\n```\n\n```yaml\nkey: 2\n```\n```promql\nup == 0\n\ndown\n```\n"
    )
    assert list(steps(page)) == [
        File(name="a.yml", text="# a.yml\nkey: 1\n"),
        Commands(commands=(("one    two", 3), ("three", 0)), printed=("it is …",)),
        Query(expression="up == 0"),
        Query(expression="down"),
    ]


def test_a_line_that_is_missing_or_out_of_order_is_found() -> None:
    output = "first  line\nsecond line, 3 of 4\n"
    assert missing_lines(("first line", "second … of 4"), output) == []
    assert missing_lines(("second line…", "first line"), output) == ["first line"]
    assert missing_lines(("third",), output) == ["third"]
