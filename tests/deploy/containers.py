"""Waits for what a container serves."""

from __future__ import annotations

import httpx

from tests.service.delivery.waiting import until_holds
from tests.support.podman import Podman

DEMO_ENDPOINTS = 6


async def until_answers(
    engine: Podman, identifier: str, url: str, text: str = "", count: int = 1
) -> None:
    """Wait until the page has the text ``count`` times; fails with the log if the container ends."""

    async def answers() -> bool:
        state = engine("inspect", "--format", "{{.State.Running}}", identifier).stdout
        assert state.strip() == "true", engine("logs", identifier).stderr[-4000:]
        async with httpx.AsyncClient() as client:
            try:
                answer = await client.get(url)
            except httpx.TransportError:
                return False
        return answer.status_code == 200 and answer.text.count(text) >= count

    await until_holds(answers)


async def until_demo_is_visited(engine: Podman, identifier: str, listen: str) -> None:
    """Wait until the demo has reached each of its servers."""
    url = f"http://{listen}/metrics/endpoints"
    await until_answers(engine, identifier, url, "\ntlsprobe_up{", DEMO_ENDPOINTS)
