"""A client that a generator of the field writes from our OpenAPI document is typed, and talks with a real service."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from service.http.api.document import document
from service.http.api.routes import OPERATIONS
from tests.service.http.api.serving import serving

pytestmark = pytest.mark.slow

CONFIG: Final = "{post_hooks: [], literal_enums: true}"
"""The generated code is not formatted, which would need programs in the PATH."""

READER: Final = """
import sys

from generated import Client
from generated.api.endpoints import list_endpoints
from generated.api.targets import add_target, remove_target
from generated.models import Endpoints, ListedTarget, NewTarget, Problem

client = Client(base_url=sys.argv[1], raise_on_unexpected_status=True)
page = list_endpoints.sync(client=client, limit=2, sort="-key")
assert isinstance(page, Endpoints), page
for endpoint in page.items:
    print(endpoint.key)
added = add_target.sync(client=client, body=NewTarget(target="shop.example:8443"))
assert isinstance(added, ListedTarget), added
print(added.key)
again = add_target.sync(client=client, body=NewTarget(target="shop.example:8443"))
assert isinstance(again, Problem), again
print(again.detail)
gone = remove_target.sync_detailed(client=client, id=str(added.id))
print(gone.status_code.value)
"""


def run(*words: str | Path, cwd: Path) -> str:
    command = [sys.executable, "-m", *map(str, words)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


async def test_a_generated_client_is_typed_and_reads_from_a_running_service(tmp_path: Path) -> None:
    (tmp_path / "openapi.json").write_text(json.dumps(document(OPERATIONS)))
    (tmp_path / "config.yml").write_text(CONFIG)
    (tmp_path / "reader.py").write_text(READER)
    where = ("--path", "openapi.json", "--output-path", "generated", "--config", "config.yml")
    said = await asyncio.to_thread(
        run, "openapi_python_client", "generate", "--meta", "none", *where, cwd=tmp_path
    )
    assert "Warning" not in said
    cache = ("--config-file=", "--cache-dir", "cache")
    await asyncio.to_thread(run, "mypy", "--strict", *cache, "reader.py", "generated", cwd=tmp_path)
    async with serving() as (running, url):
        printed = await asyncio.to_thread(run, "reader", url, cwd=tmp_path)
        known = sorted(one.observation.endpoint.key for one in running.statuses)
    assert printed.splitlines() == [
        *reversed(known[-2:]),
        "shop.example:8443",
        "the API has the target 'shop.example:8443' already: change it with PATCH",
        "204",
    ]
