"""Runs the auditing tools and reads their reports. A tool that cannot answer is an error, and never a clean result."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from scripts.supply_chain.findings import Finding
from tlsprobe.own_packages import PACKAGES

CODE: Final = (*PACKAGES, "tlsprobe", "scripts")
WORKFLOWS: Final = ".github/workflows"
_BIN: Final = Path(sys.executable).parent


class NoAnswerError(Exception):
    """A tool or its service did not answer: nothing is known."""


def bandit(root: Path, folders: Sequence[str] = CODE) -> list[Finding]:
    """Insecure constructs in the code of ``folders``.

    Raises:
        NoAnswerError: if bandit cannot read all of it.
    """
    report = _json(root, "bandit", "--quiet", "--format", "json", "--recursive", *folders)
    if report["errors"]:
        raise NoAnswerError(f"bandit could not read everything: {report['errors']}")
    return [
        Finding(
            tool="bandit",
            identifier=one["test_id"],
            place=os.path.normpath(one["filename"]),
            line=one["line_number"],
            text=one["issue_text"],
        )
        for one in report["results"]
    ]


def zizmor(root: Path) -> list[Finding]:
    """Insecure workflows of the CI, without a network.

    Raises:
        NoAnswerError: if zizmor cannot read them.
    """
    options = ("--offline", "--no-exit-codes", "--strict-collection", "--format", "json-v1")
    return [
        Finding(
            tool="zizmor",
            identifier=one["ident"],
            place=one["locations"][0]["symbolic"]["key"]["Local"]["verbatim_path"],
            text=one["desc"],
        )
        for one in _json(root, "zizmor", *options, WORKFLOWS)
    ]


def pip_audit(root: Path, osv_url: str | None) -> list[Finding]:
    """Known vulnerabilities of the versions that the locks pin, from the OSV service or one like it at ``osv_url``.

    Raises:
        NoAnswerError: if the service does not answer, or if a package could not be checked.
    """
    found: dict[tuple[str, str], Finding] = {}
    for lock in sorted((root / "requirements").glob("*.txt")):
        for one in _of_lock(root, f"requirements/{lock.name}", osv_url):
            found.setdefault((one.identifier, one.place), one)
    return list(found.values())


def _of_lock(root: Path, lock: str, osv_url: str | None) -> Iterator[Finding]:
    options = ["--disable-pip", "--require-hashes", "--progress-spinner", "off", "--format", "json"]
    service = ["--vulnerability-service", "osv", *(["--osv-url", osv_url] if osv_url else [])]
    report = _json(root, "pip-audit", *options, *service, "--requirement", lock)
    skipped = [one["name"] for one in report["dependencies"] if "skip_reason" in one]
    if skipped:
        raise NoAnswerError(f"{lock}: pip-audit did not check: {', '.join(skipped)}")
    for one in report["dependencies"]:
        for vulnerability in one["vulns"]:
            fixed = ", ".join(vulnerability["fix_versions"]) or "no version"
            yield Finding(
                tool="pip-audit",
                identifier=vulnerability["id"],
                place=one["name"],
                text=f"{lock} pins {one['version']}, which is vulnerable; fixed in: {fixed}",
            )


def _json(root: Path, tool: str, *arguments: str) -> Any:
    command: Sequence[str] = (str(_BIN / tool), *arguments)
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)
    except ValueError:
        last = (done.stderr.strip() or "it printed nothing").splitlines()[-1]
        raise NoAnswerError(f"{tool} did not finish: {last}") from None
