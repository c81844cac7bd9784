"""``tlsprobe db``: upgrade, check, vacuum, export and import the service's database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

from service.cli.app import EXIT_OK, fail, say
from service.cli.help_text import PlainGroup
from service.cli.options import DEFAULT_DATABASE, Database
from service.cli.parameters import Argument, Option, command

EXIT_DAMAGED: Final = 1

_File = Annotated[
    Path, Argument(metavar="FILE", help="The export: JSON lines, compressed with gzip.")
]


@command(
    epilog="""\b
Examples:
  tlsprobe db upgrade --database postgresql://tlsprobe@db.internal/tlsprobe""",
)
def upgrade(*, database: Database = DEFAULT_DATABASE) -> int:
    """Create or upgrade the tables; stop the service first."""
    from storage import StoreError
    from storage.maintenance import upgrade_database

    try:
        revision = upgrade_database(database)
    except StoreError as error:
        return fail(str(error))
    say(f"the tables are at revision {revision}")
    return EXIT_OK


@command(
    epilog="""\b
Examples:
  tlsprobe db check --database sqlite:////var/lib/tlsprobe/tlsprobe.db""",
)
def check(*, database: Database = DEFAULT_DATABASE) -> int:
    """Read every row and report what is damaged; exit code 1 if anything is."""
    from storage import StoreError
    from storage.maintenance import check_database

    try:
        counts, problems = check_database(database)
    except StoreError as error:
        return fail(str(error))
    for table, count in counts.items():
        say(f"{count:>12}  {table}")
    for problem in problems:
        say(problem)
    if not problems:
        say("nothing is damaged")
    return EXIT_DAMAGED if problems else EXIT_OK


@command(
    epilog="""\b
Examples:
  tlsprobe db vacuum --config /etc/tlsprobe/tlsprobe.yml""",
)
def vacuum(
    *,
    config: Annotated[
        Path | None,
        Option(metavar="FILE", help="The configuration, for its `retention` and `database`."),
    ] = None,
    database: Annotated[str | None, Option(metavar="URL", help="The service's database.")] = None,
    trust_clock: Annotated[
        bool,
        Option(
            "--trust-clock",
            help="Trust this machine's clock, even if the database was last used long ago.",
        ),
    ] = False,
) -> int:
    """Delete expired data, and return the freed space to the disk."""
    from policy.files.yaml_file import ConfigError
    from service.config.load import load_settings
    from storage import StoreError
    from storage.maintenance import tidy_database

    try:
        settings = load_settings(config, **({} if database is None else {"database": database}))
        pruned = tidy_database(
            settings.database,
            settings.retention.kept(),
            datetime.now(UTC),
            is_clock_right=trust_clock,
        )
    except (ConfigError, StoreError) as error:
        return fail(str(error))
    for kind, count in pruned.items():
        say(f"{count:>12}  {kind} deleted")
    return EXIT_OK


@command(
    "export",
    epilog="""\b
Examples:
  tlsprobe db export backup.jsonl.gz --database sqlite:////var/lib/tlsprobe.db""",
)
def export_(file: _File, *, database: Database = DEFAULT_DATABASE) -> int:
    """Export a consistent snapshot to a new file; the service may keep running."""
    from storage import StoreError
    from storage.maintenance import export_database

    try:
        count = export_database(database, file)
    except StoreError as error:
        return fail(str(error))
    say(f"{count} rows")
    return EXIT_OK


@command(
    "import",
    epilog="""\b
Examples:
  tlsprobe db import backup.jsonl.gz --database postgresql://db/tlsprobe""",
)
def import_(file: _File, *, database: Database = DEFAULT_DATABASE) -> int:
    """Import an export into an empty database, SQLite or PostgreSQL: all rows or none."""
    from storage import StoreError
    from storage.maintenance import import_database

    try:
        count = import_database(database, file)
    except StoreError as error:
        return fail(str(error))
    say(f"{count} rows")
    return EXIT_OK


database_commands = PlainGroup(
    "db",
    commands=(upgrade, check, vacuum, export_, import_),
    help="Upgrade, check, prune, export or import the service's database.",
    epilog="""\b
Examples:
  tlsprobe db check
  tlsprobe db export backup.jsonl.gz --database sqlite:////var/lib/tlsprobe.db
  tlsprobe db import backup.jsonl.gz --database postgresql://db/tlsprobe""",
)
