"""``tlsprobe policy check``: checks that policy files are valid."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

from service.cli.app import (
    EXIT_OK,
    fail,
)
from service.cli.options import AsJson
from service.cli.output import print_either
from service.cli.parameters import Argument, Option, command

if TYPE_CHECKING:
    from model.target import Target
    from policy import PolicySet

EXIT_REMARKS: Final = 1


@command(
    short_help="Check policy files for errors.",
    epilog="""\b
Examples:
  tlsprobe policy check policies.yml
  tlsprobe policy check team.yml house.yml
  tlsprobe policy check policies.yml --targets targets.yml

Exit codes: 0 the files are valid; 1 valid, with warnings; 2 invalid.""",
)
def check(
    files: Annotated[list[Path], Argument(metavar="FILE", help="Policy files.")],
    targets: Annotated[
        list[Path] | None,
        Option(
            metavar="FILE",
            help="A targets file. Warn of policies and waivers that match none of its targets. Repeatable.",
        ),
    ] = None,
    *,
    as_json: AsJson = False,
) -> int:
    """Check policy files as the service reads them; report the first error, its line and how to fix it.

    An expired waiver is a warning, not an error: its findings are open again.
    """
    from discovery.files.targets_file import TargetsFileError
    from exporters.plurals import counted
    from policy import load_policies
    from policy.files.yaml_file import ConfigError
    from service.judging.policy_evaluator import declared_targets

    try:
        book = load_policies(files, datetime.now(UTC))
        declared = declared_targets(book)
        remarks = [*book.remarks, *_idle(book, declared, targets or ())]
    except (ConfigError, TargetsFileError) as error:
        return fail(str(error))
    names = [policy.name for policy in book.policies]
    policies = counted(len(names), "policy", "policies")
    waivers = counted(len(book.waivers), "waiver")
    lines = (*remarks, f"valid: {policies} ({', '.join(names) or 'none'}) and {waivers}")
    as_object = {"policies": names, "waivers": len(book.waivers), "warnings": remarks}
    print_either(as_object if as_json else None, lines)
    return EXIT_REMARKS if remarks else EXIT_OK


def _idle(book: PolicySet, declared: Sequence[Target], files: Sequence[Path]) -> Iterator[str]:
    """A sentence for each policy and waiver that matches no target, if there are targets files.

    None if a file names mail domains: their servers, which are not looked up here, may match.
    """
    from discovery.files.targets_file import read_targets_file
    from service.judging.waiver_warnings import scope_warning

    if files:
        readings = [read_targets_file(path) for path in files]
        if any(reading.mail_domains for reading in readings):
            return
        targets = [*declared, *(target for reading in readings for target in reading.targets)]
        yield from book.without_endpoints(targets)
        for waiver in book.waivers:
            warning = scope_warning(waiver, targets)
            if warning is not None:
                yield book.about_waiver(waiver, warning)
