"""Which protocol does an endpoint speak if its target does not name one?

The client listens first: the greeting of a server shows its protocol, and such servers reject clients that
interrupt. A server that waits for the client speaks the protocol registered for its port, or else TLS from
the first byte.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from model.application_protocol import SSH, default_protocol
from probe.connect.starttls.application import Application, application
from probe.dialogue.answer import Ending
from probe.dialogue.before_tls.denied_login import DeniedLogin
from probe.dialogue.before_tls.greetings import greeting_of, is_ssh
from probe.tls.limits import MAX_EVIDENCE_LENGTH

LISTENS_SECONDS: Final = 1.0
"""A server that greets does so within this time, unless it is slow on purpose."""

_ENOUGH: Final = 512
_MOST: Final = MAX_EVIDENCE_LENGTH + 1
"""One byte more than evidence stores, which shows that it is cut."""


class Listening:
    """A Dialogue that listens: its result is what came up to the first line that the server sends unasked; empty
    if none comes.

    It sends nothing, except to a server that counts connections which end without a login.
    """

    def __init__(self) -> None:
        self._heard = b""
        self._replied = b""
        self._login: DeniedLogin | None = None
        self._send: Callable[[bytes], None] | None = None

    def begin(self, send: Callable[[bytes], None]) -> None:
        """Sends nothing."""
        self._send = send

    def feed(self, received: bytes) -> bytes | None:
        """What came with the first line, or enough of it to recognise the protocol."""
        if self._login is not None:
            return self._heard if self._is_denied(self._login, received) else None
        self._heard += received[: _MOST - len(self._heard)]
        self._login = _login_after(self._heard)
        if self._login is not None and self._send is not None:
            self._send(self._login.after_greeting(self._heard))
            return None
        is_enough = b"\n" in self._heard or len(self._heard) >= _ENOUGH
        return self._heard if is_enough else None

    def end(self, ending: Ending) -> bytes:
        """The bytes that arrived by then."""
        return self._heard

    def _is_denied(self, login: DeniedLogin, received: bytes) -> bool:
        self._replied += received[: _ENOUGH - len(self._replied)]
        answer = login.answer(self._replied)
        if answer and self._send is not None:
            self._send(answer)
            self._replied = b""
        return bool(self._replied)


def _login_after(greeting: bytes) -> DeniedLogin | None:
    """The login that the server with this greeting needs, once the greeting is complete."""
    shown = greeting_of(greeting)
    name = shown.protocol if shown is not None else None
    login = application(name).denied_login if name is not None else None
    return login if login is not None and login.after_greeting(greeting) else None


def application_of(greeting: bytes, port: int) -> Application:
    """The protocol that the greeting and the port show; TLS from the first byte if neither does."""
    if is_ssh(greeting):
        return application(SSH)
    expected = application(default_protocol(port))
    shown = greeting_of(greeting)
    if shown is None or expected.service in shown.service:
        return expected
    likeliest = shown.protocol or _LIKELIEST.get(shown.service)
    return expected if likeliest is None else application(likeliest)


_LIKELIEST: Final = {"SMTP or FTP": "smtp"}
