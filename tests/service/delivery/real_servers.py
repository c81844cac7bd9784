"""A real Prometheus and a real Alertmanager on free loopback ports, each stopped by its caller."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from tests.service.delivery.waiting import until_holds
from tests.support.plain_http import TRUSTS_NO_CA


@asynccontextmanager
async def _running(command: Sequence[str], url: str, log: Path) -> AsyncIterator[None]:
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(*command, stdout=output, stderr=output)

    async def is_ready() -> bool:
        assert process.returncode is None, f"{command[0]} has ended: see {log}"
        try:
            return (await client.get(f"{url}/-/ready")).is_success
        except httpx.TransportError:
            return False

    try:
        async with httpx.AsyncClient(verify=TRUSTS_NO_CA, trust_env=False) as client:
            await until_holds(is_ready)
        yield
    finally:
        process.terminate()
        await process.wait()


@asynccontextmanager
async def prometheus(home: Path, port: int) -> AsyncIterator[str]:
    """Its URL; it scrapes nothing, and accepts remote writes. ``home`` is a folder of its own."""
    await asyncio.to_thread((home / "prometheus.yml").write_text, "{}")
    url = f"http://127.0.0.1:{port}"
    command = (
        "prometheus",
        f"--config.file={home / 'prometheus.yml'}",
        f"--storage.tsdb.path={home / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--web.enable-remote-write-receiver",
    )
    async with _running(command, url, home / "log"):
        yield url


@asynccontextmanager
async def alertmanager(home: Path, port: int) -> AsyncIterator[str]:
    """Its URL; it notifies no receiver. ``home`` is a folder of its own."""
    configuration = home / "alertmanager.yml"
    await asyncio.to_thread(
        configuration.write_text, "{route: {receiver: nobody}, receivers: [{name: nobody}]}"
    )
    url = f"http://127.0.0.1:{port}"
    command = (
        "prometheus-alertmanager",
        f"--config.file={configuration}",
        f"--storage.path={home / 'alerts'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    )
    async with _running(command, url, home / "alertmanager.log"):
        yield url


async def query(url: str, expression: str) -> dict[tuple[tuple[str, str], ...], float]:
    """The instant vector, by labels."""
    async with httpx.AsyncClient(verify=TRUSTS_NO_CA, trust_env=False) as client:
        answer = await client.get(f"{url}/api/v1/query", params={"query": expression})
    return {
        tuple(sorted(one["metric"].items())): float(one["value"][1])
        for one in answer.raise_for_status().json()["data"]["result"]
    }
