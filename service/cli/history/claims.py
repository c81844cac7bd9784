"""``tlsprobe claims``: what configurations declare, compared with what visits saw."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, TypeAlias

from model.claims import ClaimKind, ClaimVerdict
from service.cli.app import fail
from service.cli.options import DEFAULT_DATABASE, AsJson, Database, OnlyHost, OnlyLabels
from service.cli.output import print_either
from service.cli.parameters import Option, command

_Verdict: TypeAlias = Annotated[ClaimVerdict | None, Option(help="Only claims with this verdict.")]
_Kind: TypeAlias = Annotated[
    ClaimKind | None,
    Option(help="Only claims declared by a configuration, or reported by another scanner."),
]
_Source: TypeAlias = Annotated[
    str | None, Option(metavar="NAME", help="Only claims of this source, such as nginx.")
]
_Resource: TypeAlias = Annotated[
    str | None,
    Option(metavar="TEXT", help="Only of resources that contain this, such as an ARN or a file."),
]


@command(
    short_help="List what configurations declare, and whether it is so.",
    epilog="""\b
Examples:
  tlsprobe claims
  tlsprobe claims --kind declared --verdict contradicted
  tlsprobe claims --kind reported --verdict contradicted
  tlsprobe claims --source nginx --json | jq '.claims[].observed'""",
)
def claims(  # noqa: PLR0913 - each parameter is an option of the command
    host: OnlyHost = None,
    *,
    verdict: _Verdict = None,
    kind: _Kind = None,
    source: _Source = None,
    resource: _Resource = None,
    label: OnlyLabels = None,
    database: Database = DEFAULT_DATABASE,
    as_json: AsJson = False,
) -> int:
    """List the claims about endpoints that were probed in the last week, contradicted ones first.

    A claim is what a configuration declares about an endpoint's encryption. It is proved,
    contradicted, unprovable (with the reason), or its endpoint was not reached. The second
    example shows what is green in configuration and red on the wire, the third one the findings
    of other scanners that the wire disproves.
    """
    from model.claims.ledger import LedgerFilter
    from service.cli.arguments import ArgumentError, parse_label_options
    from service.history.claims import claim_lines, claims_json, read_claims
    from service.history.places import PlaceError
    from service.process.event_loop import run
    from storage import StoreError

    try:
        wanted = LedgerFilter(
            verdict=verdict,
            kind=kind,
            source=source,
            resource=resource,
            labels=parse_label_options(label),
        )
        found = run(read_claims(database, host, wanted, datetime.now(UTC)))
    except (ArgumentError, PlaceError, StoreError) as error:
        return fail(str(error))
    return print_either(claims_json(found) if as_json else None, claim_lines(found))
