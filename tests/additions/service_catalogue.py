"""The smallest example of each addition to storage, pages, sinks and the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from tests.additions.addition import ROOT, Addition, Line, imported

METRIC: Final = Addition(
    kind="metric",
    files={
        "exporters/prometheus/families/example.py": """
from collections.abc import Iterator

from exporters.prometheus.families.family import Family, Sample
from model.snapshot import EndpointStatus


def _port(status: EndpointStatus) -> Iterator[Sample]:
    yield (), float(status.observation.endpoint.target.port)


PORT_FAMILY = Family(
    name="port", help="The port.", example="max(tlsprobe_port)", samples=_port
)
"""
    },
    lines=(
        imported(
            "exporters/prometheus/catalogue.py",
            "from exporters.prometheus.families.example import PORT_FAMILY",
        ),
        Line(
            path="exporters/prometheus/catalogue.py",
            after="FAMILIES: Final",
            text="    PORT_FAMILY,",
        ),
    ),
    proof="""
from exporters.prometheus.reference import reference

print(*("The port." in line for line in reference().splitlines() if "`tlsprobe_port`" in line))
""",
    shows="True",
)

REPORT: Final = Addition(
    kind="report format",
    files={
        "exporters/reports/formats/as_example.py": '''
from exporters.reports.report import Report


def write_example(report: Report) -> str:
    """The targets, one a line."""
    return "".join(f"example {endpoint.target}\\n" for endpoint in report.endpoints)
'''
    },
    lines=(
        imported(
            "exporters/reports/catalogue.py",
            "from exporters.reports.formats.as_example import write_example",
        ),
        Line(
            path="exporters/reports/catalogue.py",
            after="REPORTS: Final",
            text='    ReportFormat(name="example", media_type="text/plain", start="example ",'
            ' says="targets", write=write_example),',
        ),
    ),
    proof="""
from exporters.reports.catalogue import report_format
from tests.exporters.reports.samples import report

print(report_format("example").write(report()).split()[0])
""",
    shows="example",
)

NOTIFIER: Final = Addition(
    kind="notifier",
    files={
        "service/integrations/example.py": '''
from exporters.notifications import Message
from service.integrations.notifier import Notifier, PostedEventSettings, post_json


def render_example(message: Message) -> bytes:
    """One line."""
    return f"hello from {message.notifier}".encode()


EXAMPLE = Notifier(
    name="example", settings=PostedEventSettings, render=render_example, connect=post_json
)
''',
    },
    lines=(
        imported(
            "service/integrations/catalogue.py",
            "from service.integrations.example import EXAMPLE",
        ),
        Line(
            path="service/integrations/catalogue.py",
            after="NOTIFIERS: Final",
            text="    EXAMPLE,",
        ),
    ),
    proof="""
import asyncio
from pathlib import Path

from pki.net_guard.gate import SocketGate
from tests.service.delivery.test_forms import message
from service.config.load import load_settings
from service.integrations.catalogue import notifier_of

async def take(reader, writer):
    await reader.readuntil(b"\\r\\n\\r\\n")
    print((await reader.readexactly(len("hello from ops"))).decode())
    writer.write(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")
    await writer.drain()
    writer.close()

async def main():
    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}/"
        Path("service.yml").write_text(f"notifications: {{ops: {{type: example, url: '{url}'}}}}")
        settings = load_settings(Path("service.yml")).notifications["ops"]
        notifier = notifier_of(settings.type)
        async with notifier.connect(settings, SocketGate()) as send:
            await send(notifier.render(message()))

asyncio.run(main())
""",
    shows="hello from ops",
)

COMMAND: Final = Addition(
    kind="command",
    files={
        "service/cli/hello.py": '''
from service.cli.app import EXIT_OK, say
from service.cli.parameters import command


@command()
def hello() -> int:
    """Say hello."""
    say("hello from tlsprobe")
    return EXIT_OK
'''
    },
    lines=(
        Line(
            path="service/cli/commands.py",
            after="COMMANDS: Final",
            text='    Command(name="hello", module="service.cli.hello"),',
        ),
    ),
    proof="""
import sys
from tlsprobe.__main__ import main

sys.argv = ["tlsprobe", "hello"]
main()
""",
    shows="hello from tlsprobe",
)

SETTING: Final = Addition(
    kind="setting",
    files={},
    lines=(
        Line(
            path="service/config/settings.py",
            after="    config_file: Path | None = None",
            text="    example_seconds: Seconds = 5.0",
        ),
    ),
    proof="""
import os
from service.config.load import load_settings

print(load_settings(None).example_seconds)
os.environ["TLSPROBE_EXAMPLE_SECONDS"] = "7"
print(load_settings(None).example_seconds)
""",
    shows="5.0\n7.0",
)


def _newest_revision() -> int:
    folder = ROOT / "storage/migrations/versions"
    return max(int(path.name[1:5]) for path in folder.glob("v*.py"))


_REVISION: Final = _newest_revision() + 1

MIGRATION: Final = Addition(
    kind="store migration",
    files={
        str(Path("storage/migrations/versions") / f"v{_REVISION:04}_example.py"): f'''
import sqlalchemy as sa
from alembic import op

revision = "{_REVISION:04}"
down_revision = "{_REVISION - 1:04}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table("example", sa.Column("id", sa.Integer, primary_key=True))


def downgrade() -> None:
    op.drop_table("example")
'''
    },
    proof="""
import sqlite3
from storage.maintenance import upgrade_database

print(int(upgrade_database("sqlite:///example.db")) > 5)
print(*sqlite3.connect("example.db").execute("SELECT name FROM sqlite_master WHERE name = 'example'"))
""",
    shows="True\n('example',)",
)
