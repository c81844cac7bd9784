"""Visits an endpoint in a separate process, because it may have killed the process that visited it.

If the separate process dies, only this endpoint can be the cause. ``Isolation`` is the caller's side; this module
run as a program is the other side: it reads settings and then one visit after another, pickled, from its standard
input, and ends when the input closes, so it never outlives the caller.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import struct
import sys
from asyncio.subprocess import PIPE, Process
from contextlib import suppress
from typing import BinaryIO, Final

from model.clock import SystemClock
from model.observation import Observation
from model.safe_output.secret_text import SecretMask
from model.target import Endpoint
from model.verification.remembered import Known
from pki.net_guard.shortage import ShortageError, refusing_shortages
from probe.visit.engine import Engine
from service.config.settings import ServiceSettings
from service.process.event_loop import run_service
from service.process.logs import set_up_logs
from service.process.start_up import engine_of
from service.setting_types.secret_marks import secrets_in
from service.watchdog.suspicion import ALONE_AT_ONCE
from service.watchdog.watchdog import watched_loop

_LENGTH: Final = struct.Struct(">Q")
_GRACE: Final = 3
"""A visit that takes this many times its deadline has hung its process."""


class DiedAloneError(Exception):
    """The separate process died during the visit, or hung."""


class NoProcessError(Exception):
    """No process can be started, which is not the endpoint's fault."""


class Isolation:
    """Visits one endpoint at a time in a separate process, so that it cannot kill the caller's."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._one_at_once = asyncio.Lock()
        self._process: Process | None = None
        self._is_outdated = False

    def reconfigure(self, settings: ServiceSettings) -> None:
        """Use these settings from the next visit on, in a new process."""
        self._settings, self._is_outdated = settings, True

    async def visit(self, endpoint: Endpoint, known: Known | None) -> Observation:
        """The result of the visit.

        Raises:
            DiedAloneError: if the process did not survive the visit.
            NoProcessError: if none could be started.
            ShortageError: if the machine ran out of descriptors during the visit.
        """
        async with self._one_at_once:
            if self._is_outdated:
                await self.close()
                self._is_outdated = False
            is_good = False
            try:
                process = self._process or await self._start()
                observation = await self._visit_in(process, endpoint, known)
                is_good = True
                return observation
            finally:
                if not is_good:
                    await self.close()

    async def close(self) -> None:
        """End the process, whatever it is doing."""
        if self._process is not None:
            process, self._process = self._process, None
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def _start(self) -> Process:
        try:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", __name__, stdin=PIPE, stdout=PIPE, start_new_session=True
            )
            await _ask(self._process, self._settings)
        except (EOFError, OSError) as error:
            raise NoProcessError(str(error)) from error
        return self._process

    async def _visit_in(
        self, process: Process, endpoint: Endpoint, known: Known | None
    ) -> Observation:
        try:
            async with asyncio.timeout(_GRACE * self._settings.probe.deadline_seconds):
                answer = await _ask(process, (endpoint, known))
        except (EOFError, OSError) as error:
            raise DiedAloneError(endpoint.key) from error
        if isinstance(answer, ShortageError):
            raise answer
        if not isinstance(answer, Observation):
            raise TypeError(f"expected an Observation, not {answer!r}")
        return answer


class IsolationPool:
    """Processes for a few such visits in parallel; they are started on demand."""

    def __init__(self, settings: ServiceSettings, at_once: int = ALONE_AT_ONCE) -> None:
        self._free = [Isolation(settings) for _ in range(at_once)]
        self._all = tuple(self._free)
        self._places = asyncio.Semaphore(at_once)

    @property
    def is_full(self) -> bool:
        """Whether another visit would have to wait."""
        return self._places.locked()

    async def visit(self, endpoint: Endpoint, known: Known | None) -> Observation:
        """Like ``Isolation.visit``, as soon as a process is free."""
        async with self._places:
            isolation = self._free.pop()
            try:
                return await isolation.visit(endpoint, known)
            finally:
                self._free.append(isolation)

    def reconfigure(self, settings: ServiceSettings) -> None:
        """Use these settings for visits that begin from now on."""
        for isolation in self._all:
            isolation.reconfigure(settings)

    async def close(self) -> None:
        """End all the processes, whatever they are doing."""
        await asyncio.gather(*(one.close() for one in self._all))


async def _ask(process: Process, question: object) -> object:
    """The process's answer; EOFError or OSError if it has died."""
    if process.stdin is None or process.stdout is None:
        raise ValueError("the process has no pipes")
    process.stdin.write(_framed(question))
    await process.stdin.drain()
    length = _LENGTH.unpack(await process.stdout.readexactly(_LENGTH.size))[0]
    return _unpickled(await process.stdout.readexactly(length))


async def answer_questions(questions: BinaryIO, answers: BinaryIO) -> None:
    """The program: builds an engine from the settings, which come first, then makes the requested visits."""
    settings = await asyncio.to_thread(_read, questions)
    if settings is None:
        return
    if not isinstance(settings, ServiceSettings):
        raise TypeError("the settings must come first")
    set_up_logs(settings.log_format, settings.log_level, SecretMask(secrets_in(settings)))
    # If the caller has died, no one reads the answer.
    async with watched_loop():
        with suppress(BrokenPipeError):
            await _answer(engine_of(settings, SystemClock()), questions, answers)


async def _answer(engine: Engine, questions: BinaryIO, answers: BinaryIO) -> None:
    _write(answers, None)
    while (asked := await asyncio.to_thread(_read, questions)) is not None:
        if not isinstance(asked, tuple):
            raise TypeError(f"expected a visit, not {asked!r}")
        endpoint, known = asked
        try:
            with refusing_shortages():
                observation = await engine.visit(endpoint, known=known)
            _write(answers, observation)
        except ShortageError as shortage:
            _write(answers, shortage)


def _read(stream: BinaryIO) -> object:
    """The next message, None at the end."""
    head = stream.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    length = _LENGTH.unpack(head)[0]
    body = stream.read(length)
    return None if len(body) < length else _unpickled(body)


def _write(stream: BinaryIO, said: object) -> None:
    stream.write(_framed(said))
    stream.flush()


def _framed(said: object) -> bytes:
    body = pickle.dumps(said)
    return _LENGTH.pack(len(body)) + body


def _unpickled(body: bytes) -> object:
    return pickle.loads(body)  # noqa: S301 (the other end of a pipe of ours)


if __name__ == "__main__":
    # A signal to the whole process group, as systemd sends it, must not make a suspect look like the culprit.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    run_service(answer_questions(sys.stdin.buffer, sys.stdout.buffer))
    # Python would try again to write output without a reader, and wait for names that are still being looked up.
    os._exit(0)
