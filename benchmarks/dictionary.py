"""Trains the dictionary that storage compresses with, from what the servers of the zoo answer.

``python -m benchmarks.dictionary`` visits each server of ``tests/zoo`` once and writes the next
``storage/proofs_N.zdict``. Databases need those before it for what they hold.
"""

from __future__ import annotations

import asyncio
import tempfile
from itertools import count
from pathlib import Path
from typing import Final

from model.proofs import proofs_of
from storage.compression import zstd
from storage.proofs import laid_out
from tests.zoo.catalogue import SERVERS
from tests.zoo.certificates import make_certificates
from tests.zoo.visit import visit

STORAGE: Final = Path(__file__).parents[1] / "storage"
SIZE: Final = 112_640
"""Bytes, as ``zstd --train`` makes it; twice as many gain two in a hundred."""


def main() -> None:
    """Says which file it wrote."""
    path = next(path for n in count(1) if not (path := STORAGE / f"proofs_{n}.zdict").exists())
    path.write_bytes(zstd.train_dict(_samples(), SIZE).dict_content)
    print(path)


def _samples() -> list[bytes]:
    with tempfile.TemporaryDirectory() as name:
        certificates = make_certificates(Path(name))
        samples: list[bytes] = []
        for server in SERVERS:
            directory = Path(name) / server.name
            directory.mkdir()
            found = asyncio.run(visit(server, certificates, directory)).observation
            chains = (deployment.chain for deployment in found.certificates)
            ders = {one.der for chain in chains for one in chain if one.der is not None}
            samples += [laid_out(proofs_of(found), list(ders)), *ders]
        return samples


if __name__ == "__main__":
    main()
