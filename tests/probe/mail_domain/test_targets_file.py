"""Mail domains in targets files: their MX hosts are targets, from real name servers, and follow the DNS."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from pathlib import Path
from typing import Any, Final, cast

import pytest

from discovery.files.targets_file import FileSource
from discovery.source import DiscoveryUpdate
from pki.dns import DnsLookup, LookupFailedError
from tests.probe.mail_domain.mail_world import World
from tests.service.processes import tlsprobe

pytestmark = pytest.mark.integration

YAML: Final = """\
- {target: "mail-domain:two.plain", labels: {team: post, tier: "1"}}
- {target: "mx.sts.plain:25", labels: {tier: "0"}}
- mail-domain:null.plain
- a.test
"""
CSV: Final = """\
target,team,tier
mail-domain:two.plain,post,1
mx.sts.plain:25,,0
mail-domain:null.plain,,
a.test,,
"""


@pytest.mark.parametrize(("name", "text"), [("targets.yml", YAML), ("targets.csv", CSV)])
def test_mx_hosts_are_targets_once(tmp_path: Path, world: World, name: str, text: str) -> None:
    """``two.plain`` has the MX hosts mx.dane.signed and mx.sts.plain."""
    (tmp_path / name).write_text(text)
    found = _discover(tmp_path, name, world.resolver)
    assert {one["key"]: one["labels"] for one in found["targets"]} == {
        "mx.dane.signed:25": {"team": "post", "tier": "1", "mail_domain": "two.plain"},
        "mx.sts.plain:25": {"team": "post", "tier": "0", "mail_domain": "two.plain"},
        "a.test:443": {},
    }
    line = text[: text.index("null")].count("\n") + 1
    (source,) = found["sources"]
    assert source["skipped"] == [
        f"{tmp_path / name}, line {line}: null.plain: it accepts no mail (null MX)"
    ]


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ('"mail-domain:192.0.2.1"', "write mail-domain:example.com"),
        (
            '{target: "mail-domain:a.test", protocol: smtp}',
            "a mail domain has no protocol: remove it",
        ),
        ('{target: "mail-domain:a.test", server_name: b.test}', "a mail domain has no server_name"),
    ],
)
async def test_an_invalid_domain_costs_only_itself(tmp_path: Path, entry: str, words: str) -> None:
    path = tmp_path / "targets.yml"
    path.write_text(f"- ok.test\n- {entry}\n")
    found = await _first(FileSource(path))
    assert [one.host for one in found.targets or ()] == ["ok.test"]
    (skipped,) = found.skipped
    assert (skipped.place, words in skipped.problem) == (f"{path}, line 2", True)


async def test_hosts_stay_while_the_name_server_is_silent(tmp_path: Path, world: World) -> None:
    path = tmp_path / "targets.yml"
    path.write_text("- mail-domain:two.plain\n- a.test\n")
    lookups = iter(
        [
            DnsLookup([("127.0.0.1", world.resolver)]),
            DnsLookup([("127.0.0.1", world.https)], timeout_seconds=0.1),
        ]
    )
    source = FileSource(path, 0.01, lookup=lambda: next(lookups), look_up_seconds=0.0)
    async with aclosing(cast("Any", source.watch())) as updates, asyncio.timeout(60):
        first, second = await anext(updates), await anext(updates)
    assert {one.key for one in first.targets} == {
        "mx.dane.signed:25",
        "mx.sts.plain:25",
        "a.test:443",
    }
    assert first.skipped == ()
    assert second.targets == first.targets
    assert "two.plain" in second.skipped[0].problem
    assert "its last targets stay" in second.skipped[0].problem


async def test_other_targets_need_no_name_server(tmp_path: Path) -> None:
    path = tmp_path / "targets.yml"
    path.write_text("- mail-domain:two.plain\n- 192.0.2.1\n")

    def none() -> DnsLookup:
        raise LookupFailedError("The system has no configured name server.")

    found = await _first(FileSource(path, lookup=none))
    assert [one.host for one in found.targets or ()] == ["192.0.2.1"]
    assert found.skipped[0].place == f"{path}, line 1"


async def _first(source: FileSource) -> DiscoveryUpdate:
    async with aclosing(cast("Any", source.watch())) as updates, asyncio.timeout(60):
        return cast("DiscoveryUpdate", await anext(updates))


def _discover(directory: Path, name: str, resolver: int) -> dict[str, Any]:
    config = directory / "tlsprobe.yml"
    servers = f'["127.0.0.1:{resolver}"]'
    config.write_text(
        f"discovery: [{{type: file, path: {directory / name}, name_servers: {servers}}}]\n"
    )
    run = tlsprobe("discover", "--config", str(config), "--json")
    assert run.returncode == 3, run.stderr
    return cast("dict[str, Any]", json.loads(run.stdout))
