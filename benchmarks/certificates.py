"""How many chains per second are parsed and verified, compared with openssl's own verify?

``python -m benchmarks.certificates`` creates distinct chains and processes each once in the same way as a visit:
parsing, names, problems, two verifiers. ``openssl verify`` reads the same files in one process and checks only the
path. Both are measured in CPU time, which other load on the machine does not affect.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.serialization import Encoding

from benchmarks.support.results import Figure, save
from model.protocol_version import ProtocolVersion
from model.verdict import Verdict
from pki.certificates import TrustStore, deployment
from tests.pki.certificates.making import DAY, SERVER_NAME, SERVER_NAMES, Made, make

_LIVES = 30


def main() -> None:
    """Prints a line for each program, and the ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chains", type=int, default=1000, help="how many to verify")
    count = parser.parse_args().chains
    now = datetime.now(UTC).replace(microsecond=0)
    made = _Chains(count, now)
    ours = _ours(made, now)
    theirs = _openssl(made)
    print(f"tlsprobe        {count / ours:8.0f} chains per second, checked as in a visit")
    print(f"openssl verify  {count / theirs:8.0f} chains per second, path only")
    print(f"ratio           {theirs / ours:8.2f}")
    each = {"tlsprobe": ours, "openssl verify": theirs}
    save(
        "certificates",
        {
            f"{name}: a chain": Figure(runs=(1e6 * of / count,), unit="µs")
            for name, of in each.items()
        },
    )


class _Chains:
    """``count`` leaves of one intermediate."""

    def __init__(self, count: int, now: datetime) -> None:
        begin, end = now - _LIVES * DAY, now + _LIVES * DAY
        self.root = make("root", is_ca=True, valid_from=begin, valid_to=end)
        self.lower = make("lower", issuer=self.root, is_ca=True, valid_from=begin, valid_to=end)
        self.leaves: list[Made] = [
            make(
                f"server {number}",
                issuer=self.lower,
                names=SERVER_NAMES,
                valid_from=begin,
                valid_to=end,
            )
            for number in range(count)
        ]


def _ours(made: _Chains, now: datetime) -> float:
    stores = {"own": TrustStore("own", lambda: [made.root.der])}
    chains = [(leaf.der, made.lower.der) for leaf in made.leaves]
    began = time.process_time()
    for chain in chains:
        found = deployment(
            chain,
            versions=(ProtocolVersion.TLSV1_3,),
            served_with_server_name=True,
            host=SERVER_NAME,
            at=now,
            stores=stores,
        )
        if found.trust["own"].verdict is not Verdict.YES:
            raise RuntimeError(f"a valid chain was not trusted: {found.trust}")
    return time.process_time() - began


def _openssl(made: _Chains) -> float:
    with tempfile.TemporaryDirectory(prefix="tlsprobe-bench-") as name:
        directory = Path(name)
        root, lower = directory / "root.pem", directory / "lower.pem"
        root.write_bytes(made.root.pem)
        lower.write_bytes(made.lower.pem)
        files = []
        for number, leaf in enumerate(made.leaves):
            file = directory / f"{number}.pem"
            file.write_bytes(leaf.certificate.public_bytes(Encoding.PEM))
            files.append(str(file))
        command = ["openssl", "verify", "-no-CApath", "-no-CAstore", "-purpose", "sslserver"]
        command += ["-CAfile", str(root), "-untrusted", str(lower), *files]
        began = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run(command, check=True, capture_output=True)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        return ended.ru_utime + ended.ru_stime - began.ru_utime - began.ru_stime


if __name__ == "__main__":
    main()
