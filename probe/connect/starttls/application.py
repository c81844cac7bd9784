"""The scripts of one application protocol: before TLS begins, and without TLS."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, TypeAlias

from model.application_protocol import DEFAULT_PROTOCOL, protocol_named
from model.frozen import frozen
from probe.connect.starttls.after_upgrade import with_words_injected
from probe.connect.starttls.first_commands import FIRST_COMMANDS
from probe.connect.starttls.outcome import (
    Missing,
    UpgradeDialogue,
    UpgradeOutcome,
    UpgradeScript,
)
from probe.connect.starttls.peer import Peer
from probe.dialogue.answer import ConnectFailure
from probe.dialogue.before_tls.denied_login import DeniedLogin
from probe.dialogue.before_tls.found_application import FoundApplication, LooksInPlaintext
from probe.dialogue.before_tls.injection import Injection
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Script, Scripted

InPlaintext: TypeAlias = Callable[[PlaintextFindings, Peer], Script[ConnectFailure | None]]


@frozen
class Application:
    """The scripts of the protocol with that ``name`` in ``model.application_protocol``.

    ``upgrade`` is the plaintext phase before TLS; None if TLS begins with the first byte. ``missing`` says what
    it means if the server ends that phase. ``in_plaintext``
    finds out what the server does without TLS, on a connection of its own.  ``injection`` holds commands that may follow the command
    with which TLS begins. If ``denied_login`` is set, servers count each connection that ends without it.
    """

    name: str
    upgrade: Callable[[Peer], UpgradeScript] | None = None
    missing: Missing | None = None
    in_plaintext: InPlaintext | None = None
    injection: Injection | None = None
    denied_login: DeniedLogin | None = None

    @property
    def service(self) -> str:
        """The protocol's name as people write it."""
        return protocol_named(self.name).service

    def upgrades(self, peer: Peer) -> Callable[[], Scripted[UpgradeOutcome]] | None:
        """Makes the Dialogue that comes before TLS, once for each connection."""
        if self.upgrade is None:
            return None
        return partial(_upgrading, self.upgrade, self.service, self.missing, peer)

    def injects(self, peer: Peer) -> Callable[[], Scripted[UpgradeOutcome]] | None:
        """Makes the Dialogue that comes before TLS, with the ``injection`` in it."""
        if self.upgrade is None or self.injection is None:
            return None
        return partial(_injecting, self.upgrade, self.service, self.injection, peer)

    def looks_in_plaintext(self, peer: Peer) -> LooksInPlaintext | None:
        """Makes the Dialogue that tests the server without TLS."""
        return None if self.in_plaintext is None else partial(_looking, self.in_plaintext, peer)

    def found(self, peer: Peer, greeting: bytes | None = None) -> FoundApplication:
        """What checks need to know of it; ``greeting`` holds the bytes by which it was found, if any."""
        return FoundApplication(
            name=self.name,
            greeting=greeting,
            begins_in_plaintext=self.upgrade is not None,
            has_starttls=protocol_named(self.name).upgrades,
            injection=self.injection,
            first_command=FIRST_COMMANDS.get(self.service),
            looks_in_plaintext=self.looks_in_plaintext(peer),
        )


DIRECT_TLS: Final = Application(name=DEFAULT_PROTOCOL)
"""TLS from the first byte, for any service."""


def application(name: str) -> Application:
    """The scripts of the protocol with that name or alias, in any case; TLS alone loads no scripts.

    Raises:
        ValueError: if there is no such protocol; the message lists similar names.
    """
    found = protocol_named(name).name
    if found == DEFAULT_PROTOCOL:
        return DIRECT_TLS
    from probe.connect.starttls.catalogue import APPLICATIONS

    return APPLICATIONS[found]


def _injecting(
    upgrade: Callable[[Peer], UpgradeScript], service: str, injection: Injection, peer: Peer
) -> Scripted[UpgradeOutcome]:
    return UpgradeDialogue(with_words_injected(upgrade(peer), injection), service)


def _upgrading(
    upgrade: Callable[[Peer], UpgradeScript], service: str, missing: Missing | None, peer: Peer
) -> Scripted[UpgradeOutcome]:
    return UpgradeDialogue(upgrade(peer), service, missing)


def _looking(in_plaintext: InPlaintext, peer: Peer) -> Scripted[PlaintextFindings | ConnectFailure]:
    findings = PlaintextFindings()

    def noted() -> Script[PlaintextFindings | ConnectFailure]:
        failure = yield from in_plaintext(findings, peer)
        return failure or findings

    return Scripted(noted(), lambda _: findings)
