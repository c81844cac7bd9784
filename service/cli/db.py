"""``tlsprobe db``: upgrade, check, vacuum, export and import the service's database."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer

from model.safe_output.printable import printable
from service.cli.app import EXIT_OK, fail, new_app
from service.cli.options import DEFAULT_DATABASE, Database

EXIT_DAMAGED: Final = 1

app = new_app(
    name="db",
    no_args_is_help=True,
    help="Upgrade, check, tidy, export or import the database that the service keeps.",
    epilog="""\b
Examples:
  tlsprobe db check
  tlsprobe db export backup.jsonl.gz --database sqlite:////var/lib/tlsprobe/tlsprobe.db
  tlsprobe db import backup.jsonl.gz --database postgresql://tlsprobe@db.internal/tlsprobe""",
)
_File = Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines, compressed by gzip.")]


@app.command()
def upgrade(*, database: Database = DEFAULT_DATABASE) -> int:
    """Make the tables, or bring them to this version's; stop the service first."""
    from storage import StoreError
    from storage.maintenance import upgrade_database

    try:
        revision = upgrade_database(database)
    except StoreError as error:
        return fail(str(error))
    print(f"the tables are of revision {revision}")
    return EXIT_OK


@app.command()
def check(*, database: Database = DEFAULT_DATABASE) -> int:
    """Read every row, and say what is damaged; exit code 1 where anything is."""
    from storage import StoreError
    from storage.maintenance import check_database

    try:
        counts, problems = check_database(database)
    except StoreError as error:
        return fail(str(error))
    for table, count in counts.items():
        print(f"{count:>12}  {table}")
    for problem in problems:
        print(printable(problem))
    if not problems:
        print("nothing is damaged")
    return EXIT_DAMAGED if problems else EXIT_OK


@app.command()
def vacuum(
    *,
    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The configuration, for its `retention` and `database`."),
    ] = None,
    database: Annotated[
        str | None, typer.Option(metavar="URL", help="Where the service keeps what it learns.")
    ] = None,
    clock_is_right: Annotated[
        bool,
        typer.Option(
            "--clock-is-right",
            help="Delete by this machine's clock, even if the database was last in use long before.",
        ),
    ] = False,
) -> int:
    """Forget what has been kept for long enough, and give its room back to the disk."""
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
            is_clock_right=clock_is_right,
        )
    except (ConfigError, StoreError) as error:
        return fail(str(error))
    for kind, count in pruned.items():
        print(f"{count:>12}  {kind} forgotten")
    return EXIT_OK


@app.command("export")
def export_(file: _File, *, database: Database = DEFAULT_DATABASE) -> int:
    """Write every row to a new file, of one state of the database; the service may run on."""
    from storage import StoreError
    from storage.maintenance import export_database

    try:
        count = export_database(database, file)
    except StoreError as error:
        return fail(str(error))
    print(f"{count} rows")
    return EXIT_OK


@app.command("import")
def import_(file: _File, *, database: Database = DEFAULT_DATABASE) -> int:
    """Fill an empty database of any kind from an export; all of it or nothing."""
    from storage import StoreError
    from storage.maintenance import import_database

    try:
        count = import_database(database, file)
    except StoreError as error:
        return fail(str(error))
    print(f"{count} rows")
    return EXIT_OK
