"""``tlsprobe report verify``: checks that a report was not altered."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from service.cli.app import EXIT_OK, fail, say
from service.cli.parameters import Argument, Option, command

EXIT_NOT_INTACT: Final = 1


@command(
    short_help="Verify that a report was not altered.",
    epilog="""\b
Examples:
  tlsprobe report verify report.html
  tlsprobe report verify junit.xml --data report.json

Exit codes: 0 intact; 1 altered; 2 cannot be verified.""",
)
def verify(
    file: Annotated[Path, Argument(metavar="FILE", help="The report.")],
    *,
    data: Annotated[
        Path | None,
        Option(
            metavar="FILE",
            help="The JSON report of the same data, for formats that do not contain it.",
        ),
    ] = None,
) -> int:
    """Compute the SHA-256 of the report's data, write the report again, and compare both."""
    from exporters.reports import NotAReportError, verify_report

    try:
        text = _text_of(file)
        found = verify_report(text, None if data is None else _text_of(data))
    except OSError as error:
        return fail(f"cannot read {error.filename}: {(error.strerror or str(error)).lower()}")
    except NotAReportError as error:
        return fail(f"{file}: {error}")
    say(f"SHA-256 of the data: {found.computed}")
    say(f"made by tlsprobe {found.version[:40]}")
    if found.stated != found.computed:
        say(f"NOT INTACT: the data were changed; the report states {found.stated[:80]}")
        return EXIT_NOT_INTACT
    if not found.states_computed:
        say("NOT INTACT: the report states another SHA-256: these are not its data")
        return EXIT_NOT_INTACT
    if found.format is None:
        say("NOT INTACT: the text is not what this version of tlsprobe writes for these data")
        return EXIT_NOT_INTACT
    say(f"intact: the {found.format} report of these data, byte for byte")
    return EXIT_OK


def _text_of(file: Path) -> str:
    with file.open(encoding="utf-8", newline="", errors="replace") as opened:
        return opened.read()
