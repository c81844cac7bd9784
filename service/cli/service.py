"""``tlsprobe serve``, ``discover``, ``certificates`` and ``demo``: the service, its sources, what it keeps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.cli.app import EXIT_OK, EXIT_SOURCE_FAILED, app, fail


@app.command(
    short_help="Probe the endpoints of a targets file again and again, and serve metrics.",
    epilog="""\b
Examples:
  tlsprobe serve --targets targets.yml
  tlsprobe serve --config /etc/tlsprobe/tlsprobe.yml
  tlsprobe serve --targets targets.yml --listen 0.0.0.0:9844 --database sqlite:////var/lib/t.db

\b
Metrics are at /metrics (the service) and /metrics/endpoints (the endpoints' facts).
SIGTERM or Ctrl-C stops it within 10 seconds. Every setting: docs/configuration.md.""",
)
def serve(
    config: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The configuration, a YAML file.")
    ] = None,
    targets: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="A YAML or JSON file of targets, read again when it changes; repeatable. "
            "Takes the place of the configuration's targets_files.",
        ),
    ] = None,
    listen: Annotated[
        str | None,
        typer.Option(metavar="HOST:PORT", help="Where to serve metrics. [default: 127.0.0.1:9844]"),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Where to keep what is learnt. [default: sqlite:///tlsprobe.db]"
        ),
    ] = None,
) -> int:
    """Probe the endpoints of targets files again and again, keep what is learnt, serve metrics."""
    from policy.files.yaml_file import ConfigError
    from service.config.load import load_settings
    from service.process.event_loop import run

    said = {"targets_files": targets, "listen": listen, "database": database}
    given = {name: value for name, value in said.items() if value is not None}
    try:
        settings = load_settings(config, **given)
    except ConfigError as error:
        return fail(str(error))
    if not (settings.targets_files or settings.discovery or settings.policies):
        return fail(
            "there is nothing to probe: give --targets FILE, or targets_files or discovery in the "
            "configuration"
        )
    from service.daemon.run import serve as serve_until_stopped
    from service.process.start_up import StartError

    try:
        run(serve_until_stopped(settings, read_again=lambda: load_settings(config, **given)))
    except StartError as error:
        return fail(str(error))
    return EXIT_OK


@app.command(
    short_help="Print what each source of targets finds now.",
    epilog="""\b
Examples:
  tlsprobe discover --config /etc/tlsprobe/tlsprobe.yml
  tlsprobe discover --config tlsprobe.yml --json | jq -r '.targets[].key'

\b
Exit codes: 0 every source was read; 1 one could not be; 2 the configuration cannot be used.""",
)
def discover(
    config: Annotated[Path, typer.Option(metavar="FILE", help="The configuration, a YAML file.")],
    *,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Read every source once, print its targets and what relabelling made of them, and stop.

    Nothing is probed; only sources of the type networks look for TLS where they are told to.
    """
    from policy.files.yaml_file import ConfigError
    from service.cli.discover import all_targets, find_once, print_findings
    from service.config.load import load_settings
    from service.config.sources import Surrounding
    from service.process.event_loop import run

    try:
        settings = load_settings(config)
    except ConfigError as error:
        return fail(str(error))
    gate = settings.gate
    sources = settings.ruled_sources(Surrounding(gate=gate, statuses=tuple))
    if not sources:
        return fail(f"{config} has no source: add targets_files or discovery")
    findings = run(find_once(sources, gate))
    together = run(all_targets(findings))
    are_all_read = print_findings(findings, together, as_json=as_json)
    return EXIT_OK if are_all_read else EXIT_SOURCE_FAILED


@app.command(
    short_help="Print what a running service is doing.",
    epilog="""\b
Examples:
  tlsprobe status
  tlsprobe status --url http://probe.example:9844 --json""",
)
def status(
    *,
    url: Annotated[
        str, typer.Option(metavar="URL", help="Where the service listens.")
    ] = "http://127.0.0.1:9844",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> int:
    """Print the lag, the rate of visits, the sources and the endpoints that fail longest."""
    import json

    from service.cli.status import StatusError, ask_status, status_lines

    try:
        said = ask_status(url)
    except StatusError as error:
        return fail(str(error))
    print(json.dumps(said) if as_json else "\n".join(status_lines(said)))
    return EXIT_OK


@app.command(
    short_help="Print what certificates the service has seen, and when they expire.",
    epilog="""\b
Examples:
  tlsprobe certificates --database sqlite:////var/lib/tlsprobe/tlsprobe.db
  tlsprobe certificates --json | jq '.certificates[] | select(.endpoints | length > 1)'""",
)
def certificates(
    *,
    database: Annotated[
        str, typer.Option(metavar="URL", help="Where the service keeps what it learns.")
    ] = "sqlite:///tlsprobe.db",
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    no_color: Annotated[
        bool, typer.Option("--no-color", help="No colour on a terminal (as does NO_COLOR).")
    ] = False,
) -> int:
    """Print every certificate that is served, the first to expire first, and what is shared.

    One key in several certificates, and a target that serves different ones at its addresses, are
    said behind the calendar.
    """
    from service.cli.certificates import print_inventory, read_inventory
    from service.process.event_loop import run
    from storage import StoreError

    try:
        found = run(read_inventory(database))
    except StoreError as error:
        return fail(str(error))
    print_inventory(found, as_json=as_json, no_colour=no_color)
    return EXIT_OK


@app.command(
    short_help="Serve six demo servers of this machine, to look around.",
    epilog="""\b
Examples:
  tlsprobe demo
  tlsprobe demo --listen 127.0.0.1:9900 --directory ~/tlsprobe-demo""",
)
def demo(
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help="Where to serve metrics.")
    ] = "127.0.0.1:9844",
    directory: Annotated[
        Path | None,
        typer.Option(
            metavar="DIRECTORY",
            help="Keep the demo's certificates and database here. Without it they are in a "
            "temporary directory, which the end removes.",
        ),
    ] = None,
) -> int:
    """Start six real TLS servers on this machine, each with something to find, and serve them.

    No network is needed: the servers are on loopback, and end with the demo.
    """
    from policy.files.yaml_file import ConfigError
    from service.cli.demo import demonstrate
    from service.process.event_loop import run
    from service.process.start_up import StartError

    try:
        run(demonstrate(listen, directory))
    except (ConfigError, StartError) as error:
        return fail(str(error))
    return EXIT_OK
