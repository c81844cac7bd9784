"""``tlsprobe report verify``: checks that a report was not altered."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from service.cli.app import EXIT_OK, fail
from service.cli.options import AsJson
from service.cli.output import print_either
from service.cli.parameters import Argument, Option, command

if TYPE_CHECKING:
    from exporters.reports import Verification

EXIT_NOT_INTACT: Final = 1


@command(
    short_help="Verify that a report was not altered.",
    epilog="""\b
Examples:
  tlsprobe report verify report.html
  tlsprobe report verify junit.xml --data report.json
  tlsprobe report verify cbom.json --data scan.jsonl

Exit codes: 0 intact; 1 altered; 2 cannot be verified.""",
)
def verify(
    file: Annotated[Path, Argument(metavar="FILE", help="The report.")],
    *,
    data: Annotated[
        Path | None,
        Option(
            metavar="FILE",
            help="The JSON report of the same data, for formats that do not contain it; for a CBOM the proofs, from "
            "`tlsprobe scan --output jsonl`.",
        ),
    ] = None,
    as_json: AsJson = False,
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
    verdict = _verdict(found)
    lines = (
        f"SHA-256 of the data: {found.computed}",
        f"made by tlsprobe {found.version[:40]}",
        verdict,
    )
    as_object = {
        "intact": found.is_intact,
        "sha256": found.computed,
        "stated_sha256": found.stated[:80],
        "version": found.version[:40],
        "format": found.format,
        "message": verdict,
    }
    print_either(as_object if as_json else None, lines)
    return EXIT_OK if found.is_intact else EXIT_NOT_INTACT


def _verdict(found: Verification) -> str:
    if found.stated != found.computed:
        return f"NOT INTACT: the data were changed; the report states {found.stated[:80]}"
    if not found.states_computed:
        return "NOT INTACT: the report states another SHA-256: these are not its data"
    if found.problem is not None:
        return f"NOT INTACT: {found.problem}"
    if found.format is None:
        return "NOT INTACT: the text is not what this version of tlsprobe writes for these data"
    if found.format == "cbom":
        return "intact: the CBOM's SHA-256, references and facts agree"
    return f"intact: the {found.format} report of these data, byte for byte"


def _text_of(file: Path) -> str:
    with file.open(encoding="utf-8", newline="", errors="replace") as opened:
        return opened.read()
