"""The web configuration in force: it is read again when one of its files changes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog
from OpenSSL import SSL

from model.frozen import frozen
from policy.files.yaml_file import ConfigError
from service.config.http import HttpSettings
from service.config.web_config.web_config import WebConfig, read_web_config
from service.http.tls.context import server_context
from service.http.tls.self_signed import self_signed

_LOG = structlog.stdlib.get_logger("tlsprobe")
_SECONDS: Final = 1.0

_State = tuple[tuple[Path, int, int, int] | tuple[Path], ...]


@frozen
class Loaded:
    """A web configuration with the OpenSSL context of its TLS; None without TLS."""

    config: WebConfig
    context: SSL.Context | None

    @property
    def kind(self) -> tuple[bool, bool, bool]:
        """What does not change while the service runs: whether it has TLS, passwords, client certificates."""
        has_users = bool(self.config.basic_auth_users)
        return self.context is not None, has_users, self.config.verifies_clients


class LiveWebConfig:
    """The web configuration of ``settings``.

    Args:
        settings: names the file, or the directory of a self-signed certificate.
        names: the names of a self-signed certificate.
        now: the current time, aware.

    Raises:
        ConfigError: if the configuration is invalid.
    """

    def __init__(
        self, settings: HttpSettings, names: Sequence[str], now: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._names = names
        self._now = now
        self._loaded = self._load()
        self._state = self._state_of_files()
        self._problem: str | None = None

    @property
    def config(self) -> WebConfig:
        """The configuration in force."""
        return self._loaded.config

    @property
    def context(self) -> SSL.Context | None:
        """The context for a new connection; None if the service speaks HTTP without TLS."""
        return self._loaded.context

    async def watch(self) -> None:
        """Read the configuration again whenever a file changes; an invalid one leaves the previous in force."""
        while True:
            await asyncio.sleep(_SECONDS)
            await asyncio.to_thread(self.follow)

    def follow(self) -> None:
        """Read the configuration again if a file has changed, or if it was invalid; blocks."""
        try:
            if (directory := self._settings.self_signed_directory) is not None:
                self_signed(directory, self._names, self._now())
            state = self._state_of_files()
            if state == self._state and self._problem is None:
                return
            loaded = self._load()
            if loaded.kind != self._loaded.kind:
                raise ConfigError(
                    "TLS, passwords and client certificates cannot be switched on or off: start the "
                    "service again"
                )
        except ConfigError as error:
            self._report(str(error))
            return
        self._loaded, self._state, self._problem = loaded, state, None
        _LOG.info("web configuration reloaded")

    def _report(self, problem: str) -> None:
        """Log the problem once; the files are read again until it is gone."""
        if problem != self._problem:
            _LOG.error(
                "the web configuration is invalid, the previous one stays active", reason=problem
            )
        self._problem = problem

    def _load(self) -> Loaded:
        settings = self._settings
        config = (
            WebConfig() if settings.web_config is None else read_web_config(settings.web_config)
        )
        tls = config.tls_server_config
        if settings.self_signed_directory is not None:
            if tls is not None:
                raise ConfigError(
                    f"http.self_signed_directory has no effect: {settings.web_config} has a "
                    "tls_server_config: remove one of the two"
                )
            tls = self_signed(settings.self_signed_directory, self._names, self._now())
            config = config.model_copy(update={"tls_server_config": tls})
        return Loaded(config=config, context=None if tls is None else server_context(tls))

    def _state_of_files(self) -> _State:
        named = self._settings.web_config
        files = (*(() if named is None else (named,)), *self._loaded.config.files)
        return tuple(map(_state_of, files))


def _state_of(path: Path) -> tuple[Path, int, int, int] | tuple[Path]:
    try:
        found = path.stat()
    except OSError:
        return (path,)
    return path, found.st_ino, found.st_mtime_ns, found.st_size
