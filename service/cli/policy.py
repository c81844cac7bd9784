"""``tlsprobe policy``: what policies there are and say, whether they are good, and what they find."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from exporters.terminal.console import printable
from service.cli.app import EXIT_OK, EXIT_USAGE, app, fail
from service.cli.options import AllowUnknown, FailOn, Labels

if TYPE_CHECKING:
    from policy import Policy

EXIT_REMARKS: Final = 1
EXIT_TEST_FAILED: Final = 1

policy_app = typer.Typer(
    name="policy",
    invoke_without_command=True,
    rich_markup_mode=None,
    help="Show, check and try policies: rules that endpoints must meet.",
    epilog="""\b
Examples:
  tlsprobe policy list
  tlsprobe policy check policies.yml
  tlsprobe policy diff nist-sp800-52r2 mozilla-intermediate

\b
How to write one: docs/policy.md.""",
)
app.add_typer(policy_app)


@policy_app.callback()
def _root(context: typer.Context) -> None:
    if context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise typer.Exit(EXIT_USAGE)


AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]
Named = Annotated[
    str, typer.Argument(metavar="NAME|FILE", help="A profile, or a file of policies.")
]


@policy_app.command(
    name="list",
    short_help="Print the profiles that come with tlsprobe, and all rules.",
    epilog="""\b
Examples:
  tlsprobe policy list
  tlsprobe policy list --json | jq -r '.profiles[].name'""",
)
def list_(*, as_json: AsJson = False) -> int:
    """Print every profile by name, and every rule that a policy may use."""
    import json

    from policy import RULES, profile
    from policy.files.profiles import profiles
    from service.judging.policy_text import listing

    policies = [profile(name) for name in profiles()]
    if as_json:
        said = {
            "profiles": [{"name": one.name, "title": one.title} for one in policies],
            "rules": [
                {"id": rule.id, "family": rule.family.value, "title": rule.title} for rule in RULES
            ],
        }
        print(json.dumps(said))
    else:
        print("\n".join(listing(policies)))
    return EXIT_OK


@policy_app.command(
    short_help="Print what a profile or the policies of a file demand.",
    epilog="""\b
Examples:
  tlsprobe policy show rfc9325
  tlsprobe policy show policies.yml --json""",
)
def show(name: Named, *, as_json: AsJson = False) -> int:
    """Print every rule with its severity, what it requires, and the document and section it is from."""
    import json

    from policy.files.yaml_file import ConfigError
    from policy.policy_json import policy_to_json
    from service.judging.policy_text import shown

    try:
        policies = _policies(name)
    except ConfigError as error:
        return fail(str(error))
    if as_json:
        print(json.dumps({"policies": [policy_to_json(one) for one in policies]}))
    else:
        print("\n\n".join("\n".join(map(_line, shown(one))) for one in policies))
    return EXIT_OK


@policy_app.command(
    short_help="Say whether policy files can be used, and what is wrong with them.",
    epilog="""\b
Examples:
  tlsprobe policy check policies.yml
  tlsprobe policy check team.yml house.yml

\b
Exit codes: 0 they can be used; 1 they can, and something is odd; 2 they cannot.""",
)
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Files of policies.")],
) -> int:
    """Read policy files as the service would; tell the first fault with its line and the mend.

    An expired waiver is odd, and no fault: its findings are open again.
    """
    from policy import load_policies
    from policy.files.yaml_file import ConfigError
    from service.judging.policy_evaluator import declared_targets

    try:
        book = load_policies(files, datetime.now(UTC))
        declared_targets(book)
    except ConfigError as error:
        return fail(str(error))
    for remark in book.remarks:
        print(_line(remark))
    names = ", ".join(policy.name for policy in book.policies) or "none"
    print(f"{len(book.policies)} policies ({names}) and {len(book.waivers)} waivers can be used")
    return EXIT_REMARKS if book.remarks else EXIT_OK


@policy_app.command(
    name="test",
    short_help="Probe one host and print what each rule says of it.",
    epilog="""\b
Examples:
  tlsprobe policy test mozilla-intermediate example.com
  tlsprobe policy test policies.yml db.example:5432 --label data=sensitive

\b
Exit codes: 0 the policy is met; 2 bad usage; 3 it is not, or not proved to be.""",
)
def try_out(
    name: Named,
    host: Annotated[str, typer.Argument(metavar="HOST[:PORT]", help="What to probe, as in scan.")],
    *,
    label: Labels = None,
    fail_on: FailOn = None,
    allow_unknown: AllowUnknown = False,
) -> int:
    """Probe one host, and print the outcome of every rule: passed, failed, unknown, not applicable."""
    from service.cli.ci_gate import read_gate, with_labels
    from service.cli.policy_trial import try_policies
    from service.process.event_loop import run
    from service.scan.request import ScanInputError, read_request

    try:
        request = read_request([host], server_name=None, timeout_seconds=60.0, trust_stores=())
        request = with_labels(request, label or ())
        gate = read_gate([name], request.targets, fail_on=fail_on, allow_unknown=allow_unknown)
    except ScanInputError as error:
        return fail(str(error))
    return run(try_policies(request, gate)).exit_code


@policy_app.command(
    short_help="Print what a rule asks, why, and what can be set of it.",
    epilog="""\b
Examples:
  tlsprobe policy explain certificate_time_left
  tlsprobe policy explain cipher_suites_forbidden""",
)
def explain(
    rule: Annotated[str, typer.Argument(metavar="RULE", help="A rule of tlsprobe policy list.")],
) -> int:
    """Print a rule's question, its parameters, and how each profile uses it."""
    from policy import profile
    from policy.catalogue import RULES_BY_ID
    from policy.files.named_policies import named_policies
    from policy.files.profiles import profiles
    from policy.values import nearest
    from service.judging.policy_text import explained

    found = RULES_BY_ID.get(rule)
    if found is None:
        close = nearest(rule, RULES_BY_ID)
        mend = f"did you mean {close}?" if close else "see tlsprobe policy list"
        return fail(f"there is no rule {rule!r}: {mend}")
    own = [name for name in profiles() if name not in named_policies()]
    policies = [profile(name) for name in own]
    print("\n".join(map(_line, explained(found, policies))))
    return EXIT_OK


@policy_app.command(
    short_help="Print where two policies differ.",
    epilog="""\b
Examples:
  tlsprobe policy diff mozilla-modern mozilla-intermediate
  tlsprobe policy diff old.yml new.yml

\b
A file must have one policy for this, or name it: policies.yml#web.""",
)
def diff(
    first: Annotated[str, typer.Argument(metavar="NAME|FILE", help="The one.")],
    second: Annotated[str, typer.Argument(metavar="NAME|FILE", help="The other.")],
    *,
    as_json: AsJson = False,
) -> int:
    """Print the versions, suites and groups that one alone lets be, and demands that differ."""
    import json

    from policy.compare import compare
    from policy.files.yaml_file import ConfigError
    from service.judging.policy_text import comparison_to_json, differing

    try:
        one, other = _single(first), _single(second)
    except ConfigError as error:
        return fail(str(error))
    found = compare(one, other)
    if as_json:
        print(json.dumps(comparison_to_json(one, other, found)))
    else:
        print("\n".join(map(_line, differing(one, other, found))))
    return EXIT_OK


@policy_app.command(
    short_help="Run tests of policies: facts of scans, and the findings expected.",
    epilog="""\b
Examples:
  tlsprobe scan example.com --json > example.jsonl
  tlsprobe policy verify tests.yml

\b
Exit codes: 0 every test holds; 1 one does not; 2 a file cannot be used.""",
)
def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A YAML file: see docs/policy.md.")],
) -> int:
    """Judge recorded facts by policies, and hold the findings against what is expected."""
    from policy.files.yaml_file import ConfigError
    from service.judging.policy_tests import run_tests

    failed = 0
    try:
        for result in run_tests(file):
            print(_line(f"{'FAILED' if result.faults else 'ok':<6}  {result.name}"))
            for fault in result.faults:
                print(_line(f"        {fault}"))
            failed += bool(result.faults)
    except ConfigError as error:
        return fail(str(error))
    return EXIT_TEST_FAILED if failed else EXIT_OK


@policy_app.command(
    short_help="Print which policies of AWS would give what a host shows.",
    epilog="""\b
Examples:
  tlsprobe policy match my-load-balancer.example.com""",
)
def match(
    host: Annotated[str, typer.Argument(metavar="HOST[:PORT]", help="What to probe, as in scan.")],
) -> int:
    """Probe one host, and name the load-balancer and CloudFront policies that look like it."""
    from service.cli.policy_trial import match_named_policies
    from service.process.event_loop import run
    from service.scan.request import ScanInputError, read_request

    try:
        request = read_request([host], server_name=None, timeout_seconds=60.0, trust_stores=())
    except ScanInputError as error:
        return fail(str(error))
    return run(match_named_policies(request))


@policy_app.command(short_help="Print the JSON Schema of policy files.")
def schema() -> int:
    """Print the schema, for editors and checkers; docs/policy.schema.json is the same."""
    import json

    from policy.files.schema import policy_schema

    print(json.dumps(policy_schema(), indent=1))
    return EXIT_OK


def _policies(name: str) -> tuple[Policy, ...]:
    from policy import read_policies

    return read_policies([name], datetime.now(UTC)).policies


def _single(name: str) -> Policy:
    """Raises PolicyError where it is not one policy that is named."""
    from policy import PolicyError

    place, _, wanted = name.partition("#")
    policies = _policies(place)
    chosen = [one for one in policies if wanted in ("", one.name)]
    if len(chosen) != 1:
        names = ", ".join(f"{place}#{one.name}" for one in policies)
        raise PolicyError(f"{name} must be one policy: name one of {names or 'another file'}")
    return chosen[0]


def _line(text: str) -> str:
    return printable(text)
