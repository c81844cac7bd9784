"""A whole fleet of real processes: one or two schedulers, workers, PostgreSQL, and servers to visit."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, LiteralString

import psycopg

from service.fleet.queue import SCHEMA
from tests.service.processes import TLSPROBE, environment
from tests.support.plain_http import get

PATIENCE_SECONDS = 400.0
_AUDIT = """
CREATE TABLE audit (endpoint_id bigint NOT NULL, at timestamptz NOT NULL DEFAULT clock_timestamp());
CREATE FUNCTION note_visit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN INSERT INTO audit (endpoint_id) VALUES (NEW.endpoint_id); RETURN NEW; END $$;
CREATE TRIGGER audit_visits AFTER INSERT OR UPDATE ON statuses
FOR EACH ROW EXECUTE FUNCTION note_visit();
"""
"""Each recorded visit writes its endpoint's status: the database itself counts them."""

_CONFIGURATION = """\
listen: 127.0.0.1:0
database: {url}
targets_files: [{targets}]
interval_seconds: 86400
max_concurrent_probes: {max_concurrent_probes}
workers: {{enabled: true, heartbeat_timeout_seconds: {dead_after}, probes_per_job: {probes_per_job}}}
log_format: json
probe: {{checks: [versions], connections_per_second: 100000}}
"""


@dataclass(slots=True)
class Deployment:
    """The running processes, with their configuration and logs in ``directory``."""

    url: str
    directory: Path
    changes: Mapping[str, str] = field(default_factory=dict)
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def targets(self) -> Path:
        """The targets file."""
        return self.directory / "targets.yml"

    def configure(
        self, *, dead_after: float = 10.0, probes_per_job: int = 50, max_concurrent_probes: int = 64
    ) -> None:
        """Write the configuration."""
        self._config.write_text(
            _CONFIGURATION.format(
                url=self.url,
                targets=self.targets,
                dead_after=dead_after,
                probes_per_job=probes_per_job,
                max_concurrent_probes=max_concurrent_probes,
            )
        )

    def serve(self) -> subprocess.Popen[bytes]:
        """Start a scheduler."""
        return self._start("serve")

    def work(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start a worker."""
        return self._start("worker", *arguments)

    def log(self, process: subprocess.Popen[bytes]) -> str:
        """All output of the process so far."""
        return self._log_of(self.running.index(process)).read_text()

    def base_url(self, process: subprocess.Popen[bytes]) -> str:
        """The address of a scheduler's HTTP server, once it has printed it."""

        def find() -> str | None:
            _, has_it, rest = self.log(process).partition('"url": "')
            return rest.partition('"')[0] if has_it else None

        return str(until(find))

    def metrics(self, process: subprocess.Popen[bytes]) -> Mapping[str, float]:
        """A scheduler's own metrics, by name and labels."""
        page = get(f"{self.base_url(process)}/metrics").raise_for_status().text
        lines = (line.rpartition(" ") for line in page.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in lines}

    def reported(self, process: subprocess.Popen[bytes]) -> float:
        """The number of visits that a scheduler has counted."""
        found = self.metrics(process).items()
        return sum(value for name, value in found if name.startswith("tlsprobe_probes_total"))

    def leads(self, process: subprocess.Popen[bytes]) -> bool:
        """Whether a scheduler leads."""
        return self.metrics(process)["tlsprobe_leader"] == 1

    def rows(self, statement: LiteralString) -> list[Any]:
        """The database's answer; empty while its tables do not exist."""
        with (
            suppress(psycopg.errors.UndefinedTable, psycopg.errors.InvalidSchemaName),
            psycopg.connect(
                self.url, autocommit=True, options=f"-c search_path=public,{SCHEMA}"
            ) as connection,
        ):
            return connection.execute(statement).fetchall()
        return []

    def audit(self) -> None:
        """Count visits from now on, in tables that the first process creates."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(_AUDIT)

    def recorded(self) -> dict[str, int]:
        """The number of recorded visits to each endpoint."""
        return dict(
            self.rows(
                "SELECT key, count(audit.endpoint_id) FROM endpoints "
                "LEFT JOIN audit ON audit.endpoint_id = endpoints.id GROUP BY key"
            )
        )

    def is_idle(self) -> bool:
        """Whether no job is in progress."""
        return not self.rows("SELECT 1 FROM procrastinate_jobs LIMIT 1")

    def stop(self) -> None:
        """Kill all processes at once."""
        for process in self.running:
            process.kill()
            process.wait()

    @property
    def _config(self) -> Path:
        return self.directory / "tlsprobe.yml"

    def _log_of(self, number: int) -> Path:
        return self.directory / f"{number}.log"

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with self._log_of(len(self.running)).open("wb") as log:
            process = subprocess.Popen(
                [TLSPROBE, *arguments, "--config", self._config],
                env=environment(self.changes),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        self.running.append(process)
        return process


@contextmanager
def deployment(
    url: str, directory: Path, changes: Mapping[str, str] | None = None
) -> Iterator[Deployment]:
    """A folder for processes, which end with the context."""
    deployed = Deployment(url=url, directory=directory, changes=changes or {})
    deployed.configure()
    try:
        yield deployed
    finally:
        deployed.stop()


def until(ask: Callable[[], Any], patience_seconds: float = PATIENCE_SECONDS) -> Any:
    """The first true result."""
    give_up_at = time.monotonic() + patience_seconds
    while not (answer := ask()):
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"{ask} says {answer!r} after {patience_seconds} s")
        time.sleep(0.1)
    return answer


def all_recorded(deployed: Deployment, keys: Sequence[str]) -> bool:
    """Whether every endpoint has been visited, and no visit is in progress."""
    found = deployed.rows("SELECT count(*) FROM endpoints")
    return bool(found) and found[0][0] >= len(keys) and deployed.is_idle()
