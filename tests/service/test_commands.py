"""Each command has one row in ``COMMANDS`` and one file, and only the requested command is imported."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from model.protocol_version import ProtocolVersion
from service.cli import commands
from service.cli.app import app
from service.cli.commands import COMMANDS, ROOT, Command
from service.cli.help_text import context_of
from storage import SqlStore
from tests.probe.programmable.server import serve, served_on_a_port
from tests.probe.programmable.server_model import ServerModel
from tests.service.processes import environment, tlsprobe

CLI = Path(commands.__file__).parent
STORAGE = ("aiosqlite", "alembic", "sqlalchemy")
SERVER = ("jinja2", "prometheus_client", "starlette", "structlog", "uvicorn")
HTTP_CLIENTS = ("h11", "httpcore", "httpx")
TLS = ("OpenSSL", "aioquic", "asyncio", "cryptography", "dns", "probe")
SETTINGS = ("policy", "pydantic", "pydantic_core", "pydantic_settings", "yaml")
UNUSED = ("importlib.metadata", "pygments", "xml")
NOT_FOR_A_VISIT = (
    *(*STORAGE, *SERVER, *HTTP_CLIENTS, *SETTINGS, *UNUSED, "aioquic", "dns", "idna"),
    *("email.policy", "http.client", "model.query", "model.snapshot"),
    "probe.connect.starttls.catalogue",
)
NOT_FOR_JSON = (
    *("bz2", "ctypes", "importlib.resources", "lzma", "rich", "shutil", "tempfile", "zipfile"),
    "exporters.terminal.scan_report",
)
"""What draws reports, and what finds certifi's file in an archive."""

NOT_FOR_A_QUESTION = (
    *STORAGE,
    *SERVER,
    *HTTP_CLIENTS,
    *TLS,
    *SETTINGS,
    *UNUSED,
    "rich",
    "model.observation",
)
NOT_FOR_HELP = (*NOT_FOR_A_QUESTION, "http", "socket", "ssl")


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments, prog_name="tlsprobe")
    return result.exit_code, result.output


def path_of(row: Command) -> tuple[str, ...]:
    return (row.name,) if row.group == ROOT else (row.group, row.name)


def imported_by(*arguments: str) -> set[str]:
    """The modules that a process of its own has imported when the command is over.

    Coverage is not measured in it: that imports modules too.
    """
    program = (
        "import sys\n"
        "from service.cli.app import app\n"
        "app(sys.argv[1:], prog_name='tlsprobe', standalone_mode=False)\n"
        "print('\\nMODULES', *sys.modules)\n"
    )
    unmeasured = environment()
    unmeasured.pop("COVERAGE_PROCESS_CONFIG", None)
    finished = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env=unmeasured,
        capture_output=True,
        encoding="utf-8",
        timeout=60,
        check=True,
    )
    return set(finished.stdout.partition("\nMODULES ")[2].split())


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: " ".join(path_of(row)))
def test_a_command_is_in_a_file_of_its_name_and_has_help(row: Command) -> None:
    assert row.module.rpartition(".")[2] == row.name
    code, output = run(*path_of(row), "--help")
    assert code == 0
    assert output.startswith(f"Usage: tlsprobe {' '.join(path_of(row))} ")


def test_every_file_with_a_command_has_a_row() -> None:
    modules = {
        ".".join(("service.cli", *file.relative_to(CLI).with_suffix("").parts))
        for file in CLI.rglob("*.py")
        if file.parent != CLI or file.name == "db.py"
    }
    with_a_command = {
        name
        for name in modules
        if any(isinstance(one, click.Command) for one in vars(import_module(name)).values())
    }
    assert with_a_command == {row.module for row in COMMANDS}


def listed(help_text: str) -> dict[str, list[str]]:
    """The commands that the help lists, by the title of their section."""
    found: dict[str, list[str]] = {}
    for section in help_text.split("\n\n"):
        title, colon, rows = section.partition(":\n")
        # A summary longer than its line continues in the next one, further to the right.
        names = [line.split()[0] for line in rows.splitlines() if not line.startswith("   ")]
        if colon and not title.startswith(" ") and title != "Options":
            found[title] = names
    return found


def test_the_help_lists_the_commands_in_sections_in_the_order_of_use() -> None:
    assert listed(run("--help")[1]) == {
        "Probe now": ["scan", "compare", "explain", "replay"],
        "Service": [
            *("serve", "worker", "demo", "discover", "status", "doctor", "modules", "rules"),
            "aws",
        ],
        "History": [
            *(
                "certificates",
                "inventory",
                "history",
                "diff",
                "changes",
                "events",
                "audit",
                "claims",
            ),
        ],
        "Policy and reports": ["report", "remediate", "policy"],
        "Maintenance": ["db", "completion", "help"],
    }
    names = [name for section in listed(run("--help")[1]).values() for name in section]
    assert names == [row.name for row in COMMANDS if row.group == ROOT]


@pytest.mark.parametrize("words", [(), ("policy",), ("db",), ("scan",), ("db", "import")])
def test_help_shows_the_help_of_a_command(words: tuple[str, ...]) -> None:
    assert run("help", *words) == run(*words, "--help")


def test_help_of_an_unknown_command_suggests_similar_ones() -> None:
    assert tlsprobe("help", "polciy").stderr == (
        "tlsprobe: unknown command 'polciy': did you mean policy? (see tlsprobe --help)\n"
    )
    assert tlsprobe("help", "db", "imprt").stderr == (
        "tlsprobe: unknown command 'imprt': did you mean import? (see tlsprobe db --help)\n"
    )
    without = tlsprobe("help", "scan", "example.com")
    assert without.returncode == 2
    assert without.stderr == (
        "tlsprobe: tlsprobe scan has no subcommands (see tlsprobe scan --help)\n"
    )


REACH = {"server-name", "timeout", "proxy", "source-address", "proxy-protocol", "ipv4", "ipv6"}
JUDGE = {"label", "fail-on", "allow-unknown"}
CHAINS = {"trust-store", "fetch", "dns", "log-list", "intrusiveness"}
READ = {"database", "json"}
SIBLINGS = {
    "scan": REACH | JUDGE | CHAINS | {"policy", "json", "output", "no-evidence", "no-color"},
    "compare": REACH | CHAINS | READ | {"at", "checks", "no-color"},
    "explain": REACH | {"json"},
    "replay": JUDGE | {"policy", "trust-store", "json", "output", "no-evidence", "no-color"},
    "policy evaluate": REACH | JUDGE | CHAINS,
    "policy match": REACH,
    "certificates": READ | {"label", "no-color"},
    "inventory": READ | {"label", "at"},
    "changes": READ | {"label", "since", "limit"},
    "history": READ | {"limit"},
    "events": READ | {"since", "limit"},
    "audit": READ | {"since", "limit"},
    "claims": READ | {"label", "verdict", "kind", "source", "resource"},
    "diff": READ | {"since"},
    "report": JUDGE | {"policy", "database", "config", "at"},
}


@pytest.mark.parametrize("command", SIBLINGS)
def test_commands_that_do_the_same_have_the_same_options(command: str) -> None:
    words = command.split()
    context = context_of(click.Context(app, info_name=ROOT), words)
    names = {name.lstrip("-") for one in context.command.params for name in one.opts}
    assert SIBLINGS[command] - names == set()


@pytest.mark.parametrize("row", COMMANDS, ids=lambda row: " ".join(path_of(row)))
def test_a_row_that_is_deleted_removes_its_command(
    row: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "COMMANDS", tuple(one for one in COMMANDS if one != row))
    code, output = run(*path_of(row), "--help")
    assert code == 2
    assert f"No such command '{row.name}'" in output


@pytest.mark.parametrize("group", [ROOT, "policy"])
def test_a_command_needs_one_file_and_one_row(
    group: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "greet.py").write_text(
        "from typing import Annotated\n"
        "from service.cli.parameters import Argument, command\n"
        "@command(short_help='Greet somebody.')\n"
        "def greet(name: Annotated[str, Argument('NAME', help='Whom.')]) -> int:\n"
        "    print(f'hello {name}')\n"
        "    return 0\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "greet", raising=False)
    row = Command(name="greet", module="greet", group=group)
    monkeypatch.setattr(commands, "COMMANDS", (*COMMANDS, row))
    assert run(*path_of(row), "you") == (0, "hello you\n")
    assert "Greet somebody." in run(*path_of(row)[:-1], "--help")[1]


def denied(loaded: set[str], names: tuple[str, ...]) -> set[str]:
    """The modules among those loaded that are one of ``names`` or in it."""
    return {
        one for one in loaded if one.startswith(tuple(f"{name}." for name in names)) or one in names
    }


def counted(loaded: set[str]) -> int:
    """How many of these modules are not Python's own, which differ from version to version."""
    return sum(one.partition(".")[0] not in sys.stdlib_module_names for one in loaded)


@pytest.mark.process
@pytest.mark.parametrize("option", ["--version", "--help"])
def test_the_version_and_the_help_import_no_engine(option: str) -> None:
    loaded = imported_by(option)
    assert denied(loaded, NOT_FOR_HELP) == set()
    assert counted(loaded) <= {"--version": 30, "--help": 80}[option]


@pytest.mark.process
def test_the_version_imports_no_command() -> None:
    assert {row.module for row in COMMANDS} & imported_by("--version") == set()


@pytest.mark.process
@pytest.mark.parametrize("name", ["scan", "serve", "report", "policy"])
def test_the_help_of_a_command_imports_only_that_command(name: str) -> None:
    loaded = imported_by(name, "--help")
    # A group's help has a line for each of its commands.
    expected = {row.module for row in COMMANDS if path_of(row)[0] == name}
    assert {row.module for row in COMMANDS} & loaded == expected
    assert denied(loaded, NOT_FOR_HELP) == set()


@pytest.mark.process
def test_the_status_imports_no_engine_and_no_http_client() -> None:
    loaded = imported_by("status", "--url", "http://127.0.0.1:1")
    assert "http.client" in loaded
    assert denied(loaded, NOT_FOR_A_QUESTION) == set()


@pytest.mark.process
@pytest.mark.parametrize(
    ("command", "most", "unused"),
    [
        (["scan", "--json"], 424, (*NOT_FOR_A_VISIT, *NOT_FOR_JSON)),
        (["scan"], 495, (*NOT_FOR_A_VISIT, "rich._emoji_codes")),
        (["explain", "tls1.2"], 485, NOT_FOR_A_VISIT),
    ],
    ids=["json", "report", "explain"],
)
async def test_a_visit_imports_only_what_it_uses(
    command: list[str], most: int, unused: tuple[str, ...]
) -> None:
    model = ServerModel(cipher_suites={ProtocolVersion.TLSV1_2: (0xC02F,)})
    async with serve(served_on_a_port(model)) as server:
        words = [command[0], f"127.0.0.1:{server.port}", *command[1:]]
        loaded = await asyncio.to_thread(imported_by, *words)
    assert "probe.visit.engine" in loaded
    assert denied(loaded, unused) == set()
    assert counted(loaded) <= most


@pytest.mark.process
async def test_a_database_of_this_version_is_read_without_alembic(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'store.db'}"
    await (await SqlStore.open(url)).close()
    loaded = await asyncio.to_thread(imported_by, "events", "--database", url)
    assert "storage.revision" in loaded
    assert denied(loaded, ("alembic", "mako")) == set()
