"""Does the service stay right for hours: nothing that was known becomes unknown, and no needless log line?

``python -m benchmarks.long_run`` starts the servers of the tests, each behind an address of its own, and
``tlsprobe serve`` with one target for each. The service verifies every endpoint each ``--interval`` seconds and
enumerates it each ``--enumerate-interval``. After the warm-up the program prints each fact that was known and
became unknown when it does, with the server and the reason; and at the end each log line above the level info.
Each minute it prints what the service used of processor and memory. It ends with status 1 if there is such a fact or line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks.support.process_use import cpu_seconds, resident_bytes
from benchmarks.support.zoo_fleet import FleetMember, zoo_fleet
from model.observation import ClientAuth, ClientAuthMode, Observation, State
from model.verdict import Evidence, Fact, Verdict
from storage import StoreError, open_reader
from tests.support.ports import free_port
from tests.zoo.certificates import Certificates

TLSPROBE: Final = Path(sys.executable).with_name("tlsprobe")
_POLL_SECONDS: Final = 5.0
_QUIET: Final = frozenset({"debug", "info"})
_CHANGING: Final = frozenset({"timestamp", "seconds", "connections"})
_NO_ANSWER: Final = frozenset({State.UNREACHABLE, State.TIMEOUT, State.DNS_ERROR, State.ERROR})
_CONFIGURATION: Final = """\
listen: 127.0.0.1:{port}
database: {database}
targets_files: [{directory}/targets.csv]
interval_seconds: {interval}
enumerate_interval_seconds: {enumerate_interval}
trust_stores: {{zoo: {root}}}
log_format: json
log_level: warning
"""


@dataclass(slots=True, kw_only=True)
class Run:
    """What a run has seen: the known facts of each endpoint by its address, and what was lost."""

    members: Mapping[str, FleetMember]
    known: dict[str, set[str]] = field(default_factory=dict)
    unknown_again: dict[str, set[str]] = field(default_factory=dict)
    lost: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    """How often each server's fact was lost, with the reason, after the warm-up."""
    log_bytes_before: int = 0
    """The length of the service's log at the end of the warm-up."""

    def newly_lost(self, observation: Observation) -> set[str]:
        """The facts that were known and are unknown now; each once until it is known again."""
        address = str(observation.endpoint.address)
        known = self.known.setdefault(address, set())
        lost_before = self.unknown_again.setdefault(address, set())
        lost = known & unknown_facts(observation).keys()
        known |= known_facts(observation)
        self.unknown_again[address] = lost
        return lost - lost_before

    def count(self, observation: Observation, names: Iterable[str]) -> None:
        """Counts and prints these facts as lost, each with its reason in the Observation."""
        server = self.members[str(observation.endpoint.address)].server.name
        reasons = unknown_facts(observation)
        for name in names:
            reason = reasons.get(name, "known again")
            self.lost[server, name, reason] += 1
            print(f"    {server}: {name} is unknown: {reason}", flush=True)


def main() -> None:
    """Runs, prints and ends with the status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoints", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=60.0, help="after the warm-up")
    parser.add_argument("--interval", type=float, default=20.0)
    parser.add_argument("--enumerate-interval", type=float, default=900.0)
    parser.add_argument("--warm-up", type=float, default=180.0, help="seconds that do not count")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        raise SystemExit(asyncio.run(_run(wanted, Path(name))))


async def _run(wanted: argparse.Namespace, directory: Path) -> int:
    _stop_servers_on_signals()
    async with zoo_fleet(wanted.endpoints) as (certificates, members):
        print(f"{len(members)} endpoints are up", flush=True)
        log = directory / "service.log"
        configuration = _configure(wanted, directory, certificates, members)
        run = Run(members={member.address: member for member in members})
        with _serving(configuration, log) as service:
            await _watch(wanted, service, _database(directory), run, log)
        return _report(run, list(_lines_above_info(log, run.log_bytes_before)))


def _stop_servers_on_signals() -> None:
    """Both signals cancel the run, so that every server is stopped, also where a shell ignores SIGINT."""
    running = asyncio.current_task()
    if running is not None:
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, running.cancel)


@contextmanager
def _serving(configuration: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The service, while the context lasts; what it writes to standard error is in ``log``."""
    with log.open("w") as errors:
        service = subprocess.Popen([TLSPROBE, "serve", "--config", configuration], stderr=errors)
    try:
        yield service
    finally:
        service.terminate()
        service.wait()


def _configure(
    wanted: argparse.Namespace,
    directory: Path,
    certificates: Certificates,
    members: Iterable[FleetMember],
) -> Path:
    targets = "".join(member.row for member in members)
    (directory / "targets.csv").write_text("target,server_name,protocol\n" + targets)
    file = directory / "tlsprobe.yml"
    file.write_text(
        _CONFIGURATION.format(
            port=free_port(),
            database=_database(directory),
            directory=directory,
            interval=wanted.interval,
            enumerate_interval=wanted.enumerate_interval,
            root=certificates.root_file,
        )
    )
    return file


def _database(directory: Path) -> str:
    return f"sqlite:///{directory}/tlsprobe.db"


async def _watch(
    wanted: argparse.Namespace,
    service: subprocess.Popen[bytes],
    database: str,
    run: Run,
    log: Path,
) -> None:
    """Compares what is stored every few seconds, until the time is up; prints what the service uses once a minute."""
    began = time.monotonic()
    counts_from = began + wanted.warm_up
    ends = counts_from + wanted.minutes * 60.0
    next_line = began + 60.0
    while (now := time.monotonic()) < ends:
        if service.poll() is not None:
            raise RuntimeError(f"the service ended with {service.returncode}")
        await asyncio.sleep(_POLL_SECONDS)
        counts = now >= counts_from
        if not counts:
            run.log_bytes_before = _length(log)
        try:
            await _compare_all(database, run, counts=counts)
        except StoreError:
            if counts:
                raise
        if now >= next_line:
            next_line += 60.0
            used = cpu_seconds(service.pid)
            print(
                f"  {(now - began) / 60:5.1f} min: {len(run.known)} endpoints known, "
                f"{used:.0f} s CPU ({used / (now - began):.0%} of a core), "
                f"{resident_bytes(service.pid) / 1e6:.0f} MB, {run.lost.total()} facts lost",
                flush=True,
            )


async def _compare_all(database: str, run: Run, *, counts: bool) -> None:
    async with await open_reader(database) as reader:
        for status in await reader.statuses():
            lost = run.newly_lost(status.observation)
            if lost and counts:
                with_proofs = await reader.latest(status.observation.endpoint.key)
                run.count(with_proofs or status.observation, lost)


def _facts(observation: Observation) -> Iterator[tuple[str, bool, Evidence | None]]:
    """Each fact's name, whether it is known, and its proof."""
    yield "state", observation.state not in _NO_ANSWER, None
    versions = {version.label: fact for version, fact in observation.protocols.items()}
    sections: Mapping[str, Mapping[str, Fact]] = {
        "protocols": versions,
        "features": observation.features,
        "vulnerabilities": observation.vulnerabilities,
        "plaintext": observation.plaintext,
        "http": observation.http,
    }
    for section, facts in sections.items():
        for name, fact in facts.items():
            yield f"{section}.{name}", fact.verdict is not Verdict.UNKNOWN, fact.evidence
    for section, sets in (
        ("cipher_suites", observation.cipher_suites),
        ("groups", observation.groups),
        ("signature_schemes", observation.signature_schemes),
    ):
        for version, found in sets.items():
            yield f"{section}.{version.label}", found.complete, found.refusal
    for version, auth in observation.client_auth.items():
        name = f"client_auth.{version.label}"
        yield name, auth.mode is not ClientAuthMode.UNKNOWN, auth.evidence
        if auth.verifies is not None:
            yield f"{name}.verifies", auth.verifies is not Verdict.UNKNOWN, _attempts(auth)


def _attempts(auth: ClientAuth) -> Evidence:
    """The notes of the forged certificates that were presented, as one."""
    notes = (one.evidence.note for one in auth.attempts if one.evidence)
    return Evidence(note="; ".join(note for note in notes if note))


def known_facts(observation: Observation) -> set[str]:
    """The names of the facts that this Observation settles."""
    return {name for name, is_known, _ in _facts(observation) if is_known}


def unknown_facts(observation: Observation) -> dict[str, str]:
    """The names of the others, with the reason, as far as the Observation has its proofs."""
    return {
        name: (proof and proof.note) or f"{observation.state}: {observation.reason}"
        for name, is_known, proof in _facts(observation)
        if not is_known
    }


def _length(file: Path) -> int:
    return file.stat().st_size


def _lines_above_info(log: Path, after: int) -> Iterator[str]:
    """What the service wrote, without numbers that change; lines that are not JSON, such as tracebacks, as they are."""
    written = log.read_bytes()[after:].decode(errors="replace")
    for line in written.splitlines():
        try:
            fields = json.loads(line)
        except ValueError:
            yield line
            continue
        if fields.get("level") not in _QUIET:
            yield json.dumps({key: fields[key] for key in fields if key not in _CHANGING})


def _report(run: Run, lines: list[str]) -> int:
    print(f"{run.lost.total()} facts were known and became unknown after the warm-up")
    for (server, fact, reason), count in run.lost.most_common():
        print(f"  {count:4} x {server}: {fact}: {reason}")
    print(f"{len(lines)} log lines above info")
    for line, count in Counter(lines).most_common():
        print(f"  {count:4} x {line}")
    return 1 if run.lost or lines else 0


if __name__ == "__main__":
    main()
