"""Trains a compression dictionary for storage, from visits to the servers of the zoo.

``python -m benchmarks.dictionary facts`` visits each server of ``tests/zoo`` once and writes the next
``storage/facts_N.zdict``; ``proofs`` works the same. Databases still need the earlier dictionaries for their
existing content.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import tempfile
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Final

from model.encoding.proofs import proofs_of
from model.observation import Observation
from storage.rows.body import facts_text
from storage.rows.compression import LEVEL, Kind, zstd
from storage.rows.proofs import laid_out
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import make_certificates
from tests.zoo.visit import visit

STORAGE: Final = Path(__file__).parents[1] / "storage"
SIZE: Final = 112_640
"""Bytes, the default of ``zstd --train``; twice the size saves two percent more."""

_TABLES: Final = 2_048
"""Bytes for the entropy tables of a dictionary (literals, lengths, distances)."""

_HASH: Final = re.compile(rb"[0-9a-f]{40,64}")
"""Hashes, which are different for every server."""


def main() -> None:
    """Prints the name of the file that it wrote."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kind", type=Kind, choices=list(Kind))
    kind: Kind = parser.parse_args().kind
    path = next(path for n in count(1) if not (path := STORAGE / f"{kind}_{n}.zdict").exists())
    visits = list(_visits())
    made = _of_proofs(visits) if kind is Kind.PROOFS else _of_facts(visits)
    path.write_bytes(made.dict_content)
    print(path)


def _of_proofs(visits: Sequence[Observation]) -> zstd.ZstdDict:
    samples: list[bytes] = []
    for found in visits:
        chains = (deployment.chain for deployment in found.certificates)
        ders = {one.der for chain in chains for one in chain if one.der is not None}
        samples += [laid_out(proofs_of(found), list(ders)), *ders]
    return zstd.train_dict(samples, SIZE)


def _of_facts(visits: Sequence[Observation]) -> zstd.ZstdDict:
    """Whole texts, because the trainer finds half as much in so few: the demo's servers, and the least covered texts."""
    texts = [facts_text(found) for found in visits]
    content = STORAGE.joinpath("facts_dictionary.txt").read_bytes()
    left = [_HASH.sub(b"", text) for text in texts]
    while len(content) < SIZE:
        known = zstd.ZstdDict(content, is_raw=True)
        strangest = max(left, key=lambda text: len(zstd.compress(text, zstd_dict=known)))
        left.remove(strangest)
        content = strangest + content
    whole = zstd.ZstdDict(content[-SIZE:], is_raw=True)
    return zstd.finalize_dict(whole, texts, SIZE + _TABLES, LEVEL)


def _visits() -> Iterator[Observation]:
    with tempfile.TemporaryDirectory() as name:
        certificates = make_certificates(Path(name))
        for server in SERVERS:
            directory = Path(name) / server.name
            directory.mkdir()
            yield asyncio.run(visit(server, certificates, directory)).observation


if __name__ == "__main__":
    main()
