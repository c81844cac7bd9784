"""States where the files of a release come from: in-toto Statement v1 with SLSA Provenance v1, as JSON.

The statement names the files by their SHA-256, the commit, the locks that were installed, and who built them. It is
worth as much as the signature on the list of checksums, in which it is itself.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

STATEMENT: Final = "https://in-toto.io/Statement/v1"
PREDICATE: Final = "https://slsa.dev/provenance/v1"
BUILD_TYPE: Final = "make release"


def sha256_of(path: Path) -> str:
    """The digest of a file in hexadecimal digits."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def provenance(
    files: Iterable[Path], *, commit: str, version: str, builder: str, locks: Iterable[Path]
) -> str:
    """The statement about ``files``."""
    subjects = [{"name": one.name, "digest": {"sha256": sha256_of(one)}} for one in sorted(files)]
    materials = [
        {"name": f"requirements/{one.name}", "digest": {"sha256": sha256_of(one)}}
        for one in sorted(locks)
    ]
    statement: Mapping[str, Any] = {
        "_type": STATEMENT,
        "subject": subjects,
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"version": version},
                "resolvedDependencies": [
                    {"name": "source", "digest": {"gitCommit": commit}},
                    *materials,
                ],
            },
            "runDetails": {
                "builder": {"id": builder},
                "metadata": {"finishedOn": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"},
            },
        },
    }
    return json.dumps(statement, indent=2) + "\n"
