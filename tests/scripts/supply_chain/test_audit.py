"""The audit is clean, reports what is wrong, and never calls clean what it could not check."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from scripts.supply_chain.audit import audit, main
from scripts.supply_chain.findings import Exemption, Finding, read_exemptions
from scripts.supply_chain.tools import NoAnswerError, bandit, pip_audit, zizmor
from tests.support.ports import free_port

ADVISORY = {
    "id": "GHSA-test-test-test",
    "modified": "2026-01-01T00:00:00Z",
    "summary": "for a test",
    "affected": [
        {
            "package": {"name": "idna", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "3.99"}]}],
        }
    ],
}
"""As in the OSV schema (ossf.github.io/osv-schema): idna is affected before 3.99."""


class Osv(BaseHTTPRequestHandler):
    """The query endpoint of an OSV service, which knows one vulnerability."""

    status = 200

    def do_POST(self) -> None:
        query = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        known = query["package"]["name"] == "idna"
        body = json.dumps({"vulns": [ADVISORY]} if known else {}).encode()
        self.send_response(self.status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing is printed."""


class BrokenOsv(Osv):
    status = 503


def service(handler: type[Osv]) -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/v1/query"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def osv() -> Iterator[str]:
    yield from service(Osv)


@pytest.fixture
def broken_osv() -> Iterator[str]:
    yield from service(BrokenOsv)


def project(folder: Path, *pins: str) -> Path:
    """A project with one lock."""
    (folder / "requirements").mkdir()
    lines = [f"{pin} --hash=sha256:{'0' * 64}\n" for pin in pins]
    (folder / "requirements/run.txt").write_text("".join(lines))
    return folder


def finding(place: str = "a.py") -> Finding:
    return Finding(tool="bandit", identifier="B1", place=place, text="bad")


@pytest.mark.slow
def test_code_and_workflows_are_clean(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--offline"]) == 0, capsys.readouterr().out


def test_every_exception_has_a_reason() -> None:
    exemptions = read_exemptions()
    assert exemptions
    assert [one for one in exemptions if len(one.why.split()) < 2 or not one.places] == []


def test_bandit_finds_insecure_code(tmp_path: Path) -> None:
    (tmp_path / "service").mkdir()
    (tmp_path / "service/a.py").write_text("import hashlib\nhashlib.md5(b'x')\n")
    assert [(one.identifier, one.place, one.line) for one in bandit(tmp_path, ["service"])] == [
        ("B324", "service/a.py", 2)
    ]


def test_code_that_bandit_cannot_read_is_not_clean(tmp_path: Path) -> None:
    (tmp_path / "service").mkdir()
    (tmp_path / "service/a.py").write_text("def (\n")
    with pytest.raises(NoAnswerError, match="could not read"):
        bandit(tmp_path, ["service"])


def test_zizmor_finds_an_insecure_workflow(tmp_path: Path) -> None:
    (tmp_path / ".github/workflows").mkdir(parents=True)
    (tmp_path / ".github/workflows/a.yml").write_text(
        "on: issues\njobs:\n  a:\n    runs-on: x\n    steps:\n"
        "      - run: echo ${{ github.event.issue.title }}\n"
    )
    found = {(one.identifier, one.place) for one in zizmor(tmp_path)}
    assert ("template-injection", ".github/workflows/a.yml") in found


def test_without_workflows_zizmor_knows_nothing(tmp_path: Path) -> None:
    with pytest.raises(NoAnswerError, match="zizmor did not finish"):
        zizmor(tmp_path)


@pytest.mark.slow
def test_a_vulnerable_pin_is_found(tmp_path: Path, osv: str) -> None:
    (found,) = pip_audit(project(tmp_path, "idna==3.10", "anyio==4.0.0"), osv)
    assert (found.identifier, found.place) == ("GHSA-test-test-test", "idna")
    assert found.text == "requirements/run.txt pins 3.10, which is vulnerable; fixed in: 3.99"


@pytest.mark.slow
def test_locks_without_known_vulnerabilities_are_clean(tmp_path: Path, osv: str) -> None:
    assert pip_audit(project(tmp_path, "anyio==4.0.0"), osv) == []


@pytest.mark.slow
def test_a_broken_service_is_not_clean(tmp_path: Path, broken_osv: str) -> None:
    with pytest.raises(NoAnswerError, match="pip-audit"):
        pip_audit(project(tmp_path, "anyio==4.0.0"), broken_osv)


@pytest.mark.slow
def test_without_a_service_the_audit_says_so_and_is_not_clean(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"http://127.0.0.1:{free_port()}/v1/query"
    tools = {"pip-audit": partial(pip_audit, project(tmp_path, "anyio==4.0.0"), url)}
    assert audit(tools, ()) == 2
    assert "pip-audit: NOT CHECKED: " in capsys.readouterr().out


EXEMPT = Exemption(tool="bandit", identifier="B1", places=("a.py",), why="for a test")
SILENT = NoAnswerError("no answer")


def _refuse() -> list[Finding]:
    raise SILENT


@pytest.mark.parametrize(
    ("run", "exemptions", "code"),
    [
        (list[Finding], (), 0),
        (lambda: [finding()], (), 1),
        (lambda: [finding()], (EXEMPT,), 0),
        (lambda: [finding(place="b.py")], (EXEMPT,), 1),
        (list[Finding], (EXEMPT,), 1),
        (_refuse, (EXEMPT,), 2),
    ],
    ids=["clean", "found", "explained", "elsewhere", "not needed", "no answer"],
)
def test_the_exit_code(
    run: Callable[[], list[Finding]], exemptions: tuple[Exemption, ...], code: int
) -> None:
    assert audit({"bandit": run}, exemptions) == code
