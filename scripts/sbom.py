"""Writes a software bill of materials (CycloneDX 1.6, JSON) of an installation of tlsprobe.

    python3 sbom.py FOLDER [DPKG_STATUS] > sbom.cdx.json

FOLDER has the Python packages (``site-packages``). With DPKG_STATUS, the list of Debian's package manager,
its packages are named too. The same packages give the same bytes. Only the standard library is needed,
because it runs while an image is built.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from email.message import Message
from email.parser import HeaderParser
from importlib.metadata import Distribution, distributions
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

_OWN_NAME: Final = "tlsprobe"
_LONGEST_LICENSE_NAME: Final = 100
"""Some packages put the whole text of their license into this field."""


def bill(folder: Path, dpkg_status: Path | None) -> dict[str, Any]:
    """The bill: tlsprobe as its subject, and everything that is installed together with it."""
    found = {one["bom-ref"]: one for one in map(_python_package, distributions(path=[str(folder)]))}
    subjects = [ref for ref, one in found.items() if one["name"] == _OWN_NAME]
    if len(subjects) != 1:
        raise SystemExit(f"sbom.py: {folder} does not contain {_OWN_NAME}: name its site-packages")
    subject = found.pop(subjects[0]) | {"type": "application"}
    if dpkg_status is not None:
        found |= {one["bom-ref"]: one for one in _debian_packages(dpkg_status)}
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": subject},
        "components": [found[ref] for ref in sorted(found)],
    }


def _python_package(distribution: Distribution) -> dict[str, Any]:
    name = re.sub(r"[-_.]+", "-", distribution.metadata["Name"]).lower()
    purl = f"pkg:pypi/{name}@{quote(distribution.version)}"
    licenses = _licenses(distribution)
    return _component(name, distribution.version, purl) | (
        {"licenses": licenses} if licenses else {}
    )


def _licenses(distribution: Distribution) -> list[dict[str, Any]]:
    metadata = distribution.metadata
    for expression in metadata.get_all("License-Expression") or []:
        return [{"expression": expression}]
    (named, *_) = metadata.get_all("License") or [""]
    if named and "\n" not in named and len(named) <= _LONGEST_LICENSE_NAME:
        return [{"license": {"name": named}}]
    classifiers = metadata.get_all("Classifier") or []
    of_licenses = [one for one in classifiers if one.startswith("License :: OSI Approved :: ")]
    return [{"license": {"name": one.rpartition(" :: ")[2]}} for one in of_licenses]


def _debian_packages(dpkg_status: Path) -> Iterator[dict[str, Any]]:
    for paragraph in dpkg_status.read_text(encoding="utf-8").split("\n\n"):
        package: Message = HeaderParser().parsestr(paragraph)
        if package.get("Status", "").endswith(" installed"):
            name, version = package["Package"], package["Version"]
            purl = f"pkg:deb/debian/{name}@{quote(version)}?arch={package['Architecture']}"
            yield _component(name, version, purl)


def _component(name: str, version: str, purl: str) -> dict[str, Any]:
    return {"type": "library", "bom-ref": purl, "name": name, "version": version, "purl": purl}


def main() -> None:
    """Print the bill of the folder that the command line names."""
    if len(sys.argv) not in (2, 3):
        raise SystemExit("usage: sbom.py FOLDER [DPKG_STATUS]")
    status = Path(sys.argv[2]) if len(sys.argv) == 3 else None
    print(json.dumps(bill(Path(sys.argv[1]), status), indent=1))


if __name__ == "__main__":
    main()
