"""File descriptors are reserved in advance: probing, HTTP and the rest of the process have separate shares."""

from __future__ import annotations

import subprocess
import sys

import pytest

ASK = """
import resource, sys
from service.process.limits import connections_that_fit, http_connections_that_fit
limit = int(sys.argv[1])
resource.setrlimit(resource.RLIMIT_NOFILE, (min(limit, 256), limit))
print(connections_that_fit(1024, 1024), http_connections_that_fit(1024, 1024))
"""


@pytest.mark.parametrize("limit", [64, 256, 1024, 1152, 2176, 4096])
def test_probing_and_http_leave_descriptors_for_everything_else(limit: int) -> None:
    run = subprocess.run(
        [sys.executable, "-c", ASK, str(limit)], capture_output=True, text=True, check=True
    )
    probing, http = map(int, run.stdout.split())
    assert limit - probing - http >= min(128, limit / 4)
    assert probing >= min(1024, limit / 2)
    assert http >= min(1024, limit / 4)
