"""Fuzzes one target with atheris: ``python -m fuzz TARGET SECONDS``; new inputs are added to the corpus.

The corpus is ``fuzz/corpus/TARGET``; a crashing input is written next to it. This needs ``atheris``, which the
tests do not require.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(
    include=["probe", "model", "pki", "discovery", "policy", "tlsprobe"]
):
    from fuzz.targets import TARGETS

CORPUS = Path(__file__).parent / "corpus"
LONGEST_INPUT = 4096


def main() -> None:
    """Runs until the time is up or a target fails."""
    name, seconds = sys.argv[1], int(sys.argv[2])
    corpus = CORPUS / name
    corpus.mkdir(parents=True, exist_ok=True)
    arguments = [
        sys.argv[0],
        str(corpus),
        f"-max_total_time={seconds}",
        f"-max_len={LONGEST_INPUT}",
        f"-artifact_prefix={CORPUS}/crash-{name}-",
        "-print_final_stats=1",
    ]
    atheris.Setup(arguments, TARGETS[name])
    atheris.Fuzz()


main()
