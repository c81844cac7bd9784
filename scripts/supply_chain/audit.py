"""Audits the code, the workflows and the pinned packages.

    python -m scripts.supply_chain.audit [--offline] [--osv-url URL]

It prints each finding that ``exceptions.toml`` does not explain, and each exception that is not needed. The exit code is
0 if there are none, 1 if there are, and 2 if a tool or the vulnerability service did not answer: then nothing is known,
and the result is not clean. ``--offline`` does not ask the vulnerability service.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from scripts.supply_chain.findings import (
    EXCEPTIONS,
    Exemption,
    Finding,
    read_exemptions,
    unexplained,
    unused,
)
from scripts.supply_chain.tools import NoAnswerError, bandit, pip_audit, zizmor

ROOT: Final = Path(__file__).parents[2]


def main(arguments: Sequence[str]) -> int:
    """Run the audit with these command-line arguments, and return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts.supply_chain.audit", description=__doc__)
    parser.add_argument("--offline", action="store_true")
    parser.add_argument("--osv-url", metavar="URL")
    options = parser.parse_args(arguments)
    tools: dict[str, Callable[[], list[Finding]]] = {
        "bandit": partial(bandit, ROOT),
        "zizmor": partial(zizmor, ROOT),
    }
    if not options.offline:
        tools["pip-audit"] = partial(pip_audit, ROOT, options.osv_url)
    return audit(tools, read_exemptions(EXCEPTIONS))


def audit(tools: Mapping[str, Callable[[], list[Finding]]], exemptions: Sequence[Exemption]) -> int:
    """Run each tool, print what is wrong, and return the exit code."""
    found: list[Finding] = []
    answered, silent = [], []
    for name, run in tools.items():
        try:
            found += run()
            answered.append(name)
        except NoAnswerError as error:
            silent.append(f"{name}: NOT CHECKED: {error}")
    wrong = [*unexplained(found, exemptions), *unused(found, exemptions, answered)]
    explained = len(found) - len(unexplained(found, exemptions))
    for line in (*wrong, *silent):
        print(line)
    for name in answered:
        print(f"{name}: checked")
    print(f"{len(wrong)} to fix, {explained} explained in {EXCEPTIONS.name}")
    return 1 if wrong else 2 if silent else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
