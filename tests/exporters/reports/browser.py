"""A real headless Chromium, controlled over two pipes (its DevTools protocol)."""

from __future__ import annotations

import base64
import itertools
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

Json: TypeAlias = dict[str, Any]
_STOPPED_WITHIN_SECONDS = 20.0


class Browser:
    """One page.

    ``complaints`` are all messages of console and log, and everything that did not load. ``requested`` are the URLs
    of all requests, ``received_bytes`` is how much came for them, compressed, with headers.
    """

    def __init__(self, to_browser: BinaryIO, from_browser: BinaryIO) -> None:
        self._to = to_browser
        self._from = from_browser
        self._rest = b""
        self._numbers = itertools.count(1)
        self._session: str | None = None
        self.complaints: list[str] = []
        self.requested: list[str] = []
        self.received_bytes = 0
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self._ask("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self._ask(f"{domain}.enable")

    def open(self, page: Path, *, width: int = 1200, height: int = 900, dark: bool = False) -> None:
        """Show the file in a window of that many pixels; returns when it has loaded completely."""
        self.resize(width, height)
        self.prefer(dark=dark)
        self.visit(page.as_uri())

    def prefer(self, *, dark: bool) -> None:
        """Show pages as a user wants them who prefers dark or light colours."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self._ask("Emulation.setEmulatedMedia", media="screen", features=[scheme])

    def forget_files(self) -> None:
        """Empty the cache, and count ``received_bytes`` from 0."""
        self._ask("Network.clearBrowserCache")
        self.received_bytes = 0

    def slow_down(self) -> None:
        """Load and draw from now on as a phone of the lower middle class does over 4G with poor reception."""
        self._ask(
            "Network.emulateNetworkConditions",
            offline=False,
            latency=150,
            downloadThroughput=1_600_000 / 8,
            uploadThroughput=750_000 / 8,
        )
        self._ask("Emulation.setCPUThrottlingRate", rate=4)

    def run_scripts(self, *, on: bool) -> None:
        """Whether pages may run JavaScript, from the next one on."""
        self._ask("Emulation.setScriptExecutionDisabled", value=not on)

    def resize(self, width: int, height: int) -> None:
        """Make the window that many pixels wide and high."""
        self._ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=False,
        )

    def visit(self, url: str) -> None:
        """Show ``url``; returns when it has loaded completely."""
        self._ask("Page.navigate", url=url)
        while self._hear().get("method") != "Page.loadEventFired":
            pass

    def follow(self, expression: str) -> None:
        """Run JavaScript that leads to another page, such as a click; returns when that has loaded completely."""
        self._ask("Runtime.evaluate", expression=f"setTimeout(() => {{ {expression} }}, 0)")
        while self._hear().get("method") != "Page.loadEventFired":
            pass

    def value_of(self, expression: str) -> Any:
        """The value of the JavaScript expression in the page, or what its promise resolves to."""
        answer = self._ask(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in answer, answer
        return answer["result"].get("value")

    def emulate_print(self) -> None:
        """Show the page in print layout, until it is opened again."""
        self._ask("Emulation.setEmulatedMedia", media="print")

    def pdf(self) -> bytes:
        """The printed page."""
        self.emulate_print()
        return base64.b64decode(self._ask("Page.printToPDF")["data"])

    def screenshot(self, *, whole: bool = True) -> bytes:
        """The page as PNG, with the part below the window if ``whole``."""
        answer = self._ask("Page.captureScreenshot", captureBeyondViewport=whole)
        return base64.b64decode(answer["data"])

    def _ask(self, method: str, **parameters: Any) -> Json:
        number = next(self._numbers)
        message: Json = {"id": number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        self._to.write(json.dumps(message).encode() + b"\0")
        self._to.flush()
        while (heard := self._hear()).get("id") != number:
            pass
        assert "error" not in heard, heard
        result: Json = heard["result"]
        return result

    def _hear(self) -> Json:
        while b"\0" not in self._rest:
            more = os.read(self._from.fileno(), 1 << 16)
            assert more, "the browser has ended"
            self._rest += more
        one, _, self._rest = self._rest.partition(b"\0")
        heard: Json = json.loads(one)
        method, parameters = heard.get("method"), heard.get("params", {})
        if method in _COMPLAINING:
            self.complaints.append(json.dumps(heard))
        elif method == "Network.requestWillBeSent":
            self.requested.append(parameters["request"]["url"])
        elif method == "Network.loadingFinished":
            self.received_bytes += int(parameters["encodedDataLength"])
        return heard


_COMPLAINING = frozenset(
    {
        "Runtime.consoleAPICalled",
        "Runtime.exceptionThrown",
        "Log.entryAdded",
        "Network.loadingFailed",
    }
)


@contextmanager
def browser(directory: Path) -> Iterator[Browser]:
    """A new Chromium with its profile in ``directory``; ends with the context."""
    commands_out, commands_in = os.pipe()
    answers_out, answers_in = os.pipe()
    # Chromium reads from descriptor 3 and writes to 4.
    script = f'exec 3<&{commands_out} 4>&{answers_in} && exec "$@"'
    process = subprocess.Popen(
        [
            *(
                "bash",
                "-c",
                script,
                "bash",
                "chromium",
                "--headless=new",
                "--remote-debugging-pipe",
            ),
            *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
            *("--hide-scrollbars", "--disable-background-networking", "--disable-sync"),
            *("--disable-component-update", "--proxy-server=127.0.0.1:1"),
            f"--user-data-dir={directory}",
            "about:blank",
        ],
        pass_fds=[commands_out, answers_in],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(commands_out)
    os.close(answers_in)
    try:
        with os.fdopen(commands_in, "wb") as to_browser, os.fdopen(answers_out, "rb") as from_it:
            yield Browser(to_browser, from_it)
    finally:
        process.terminate()
        try:
            process.wait(_STOPPED_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
