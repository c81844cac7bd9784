"""Waits for what a container serves."""

from __future__ import annotations

import asyncio

import httpx

from tests.service.delivery.waiting import until_holds
from tests.support.plain_http import get
from tests.support.podman import Podman

DEMO_ENDPOINTS = 6


async def until_answers(
    engine: Podman, identifier: str, url: str, text: str = "", count: int = 1
) -> None:
    """Wait until the page has the text ``count`` times; fails with the log if the container ends."""

    async def answers() -> bool:
        state = engine("inspect", "--format", "{{.State.Running}}", identifier).stdout
        assert state.strip() == "true", engine("logs", identifier).stderr[-4000:]
        try:
            answer = await asyncio.to_thread(get, url)
        except httpx.TransportError:
            return False
        return answer.status_code == 200 and answer.text.count(text) >= count

    # Each look starts the engine's command, which competes with the service that is to become ready.
    await until_holds(answers, pause_seconds=0.5)


async def until_demo_is_visited(engine: Podman, identifier: str, listen: str) -> None:
    """Wait until the demo has reached each of its servers."""
    url = f"http://{listen}/metrics/endpoints"
    await until_answers(engine, identifier, url, "\ntlsprobe_up{", DEMO_ENDPOINTS)
