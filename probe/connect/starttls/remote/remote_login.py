"""Old remote logins without TLS: telnet and rlogin. Does a server answer them in plaintext?

A telnet server speaks first, with options or a prompt (RFC 854). An rlogin client begins with four strings
(RFC 1282); they are empty here, so that no user name is sent.
"""

from __future__ import annotations

from typing import Final

from probe.connect.starttls.outcome import quoted
from probe.connect.starttls.peer import Peer
from probe.connect.starttls.units import exactly
from probe.dialogue.before_tls.plaintext_findings import PlaintextFindings
from probe.dialogue.before_tls.scripted import Script, Turn

_IAC: Final = b"\xff"
_NAMELESS: Final = b"\0\0\0\0"


def telnet(findings: PlaintextFindings, _: Peer) -> Script[None]:
    """Reads the first bytes of the server."""
    heard = yield Turn(until=exactly(1), what="the server's first words")
    is_option = heard == _IAC
    note = "it negotiates telnet's options" if is_option else f"it begins with {quoted(heard)}"
    findings.note("answers_in_plaintext", holds=True, note=note)


def rlogin(findings: PlaintextFindings, _: Peer) -> Script[None]:
    """Begins as a client without names, and reads whether the server accepts it."""
    heard = yield Turn(say=_NAMELESS, until=exactly(1), what="the server's answer")
    note = "it accepts a client" if heard == b"\0" else "it answers a client and refuses it"
    findings.note("answers_in_plaintext", holds=True, note=note)
