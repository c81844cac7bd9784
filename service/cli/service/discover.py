"""``tlsprobe discover``: shows what each source finds now, before and after relabelling."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

from service.cli.app import (
    EXIT_ENTRIES_SKIPPED,
    EXIT_OK,
    EXIT_SOURCE_FAILED,
    fail,
    say,
    warn,
)
from service.cli.options import (
    AsJson,
)
from service.cli.parameters import Option, command


@command(
    short_help="Show what each source of targets finds now.",
    epilog="""\b
Examples:
  tlsprobe discover --config /etc/tlsprobe/tlsprobe.yml
  tlsprobe discover --config tlsprobe.yml --json | jq -r '.targets[].key'

Exit codes: 0 every source was read in full; 1 a source failed, or none of its entries can be used;
2 the configuration is invalid; 3 some entries are skipped.""",
)
def discover(
    config: Annotated[Path, Option(metavar="FILE", help="The configuration, a YAML file.")],
    *,
    as_json: AsJson = False,
) -> int:
    """Read every source once, and print its targets and what relabelling made of them.

    Standard error says how many entries are skipped. Nothing is probed, but sources of the type networks search their networks for TLS.
    """
    from policy.files.yaml_file import ConfigError
    from service.config.load import load_settings
    from service.config.sources import SourceContext
    from service.process.event_loop import run
    from service.sources.source_results import (
        all_targets,
        find_once,
        results_json,
        results_lines,
        skipped_sentence,
    )

    try:
        settings = load_settings(config)
    except ConfigError as error:
        return fail(str(error))
    gate = settings.gate
    sources = settings.ruled_sources(SourceContext(gate=gate, statuses=tuple))
    if not sources:
        return fail(f"{config} has no source: add targets_files or discovery")
    results = run(find_once(sources, gate))
    merged = run(all_targets(results))
    if as_json:
        say(json.dumps(results_json(results, merged)))
    else:
        say(*results_lines(results, merged))
    if sentence := skipped_sentence(results):
        warn(sentence)
    if any(one.error is not None for one in results):
        return EXIT_SOURCE_FAILED
    return EXIT_ENTRIES_SKIPPED if sentence else EXIT_OK
