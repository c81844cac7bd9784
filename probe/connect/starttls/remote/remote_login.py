"""Remote logins of old, which know no TLS: telnet and rlogin. Does anybody answer them in clear?

A telnet server begins by itself, with options or a prompt (RFC 854). An rlogin client begins with four
strings, which stay empty here, for no name is ever given (RFC 1282).
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
    """Listens to what the server begins with."""
    heard = yield Turn(until=exactly(1), what="the server's first words")
    is_option = heard == _IAC
    note = "it negotiates telnet's options" if is_option else f"it begins with {quoted(heard)}"
    findings.note("answers_in_clear", holds=True, note=note)


def rlogin(findings: PlaintextFindings, _: Peer) -> Script[None]:
    """Begins as a client without names, and hears whether that is taken."""
    heard = yield Turn(say=_NAMELESS, until=exactly(1), what="the server's answer")
    note = "it takes a client" if heard == b"\0" else "it answers a client, and refuses it"
    findings.note("answers_in_clear", holds=True, note=note)
