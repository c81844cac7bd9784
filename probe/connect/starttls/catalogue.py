"""All application protocols, one row each. To add one: a file with its script, a row, its test.

Ports are IANA's (Service Name and Transport Protocol Port Number Registry), or where the software
listens by default.
"""

from __future__ import annotations

import difflib
from typing import Final

from model.target import DEFAULT_PROTOCOL
from probe.connect.starttls import imap, pop3, postgres, smtp
from probe.connect.starttls.application import Application

DTLS: Final = "dtls"
"""The protocol of a target over UDP."""

AUTO: Final = "auto"
"""The protocol of a target that leaves it to the visit to find out."""

_MOST_SUGGESTIONS: Final = 3

STARTTLS: Final = (
    Application(
        name="smtp", service="SMTP", ports=(25,), upgrade=smtp.SMTP, in_clear=smtp.SMTP_IN_CLEAR
    ),
    Application(
        name="submission",
        service="SMTP",
        ports=(587,),
        upgrade=smtp.SMTP,
        in_clear=smtp.SMTP_IN_CLEAR,
    ),
    Application(
        name="lmtp", service="LMTP", ports=(24,), upgrade=smtp.LMTP, in_clear=smtp.LMTP_IN_CLEAR
    ),
    Application(
        name="imap", service="IMAP", ports=(143,), upgrade=imap.upgrade, in_clear=imap.in_clear
    ),
    Application(
        name="pop3", service="POP3", ports=(110,), upgrade=pop3.upgrade, in_clear=pop3.in_clear
    ),
    Application(
        name="postgres",
        service="PostgreSQL",
        ports=(5432, 5439),
        aliases=("postgresql", "redshift"),
        upgrade=postgres.upgrade,
        in_clear=postgres.in_clear,
    ),
)
"""Those in which TLS begins after some words in clear."""

IMPLICIT: Final = (
    Application(name=DEFAULT_PROTOCOL, service="TLS", ports=(443,), aliases=("https", "ssl")),
    Application(name="smtps", service="SMTP", ports=(465,), aliases=("submissions",)),
    Application(name="imaps", service="IMAP", ports=(993,)),
    Application(name="pop3s", service="POP3", ports=(995,)),
    Application(name=DTLS, service="DTLS", ports=(5684, 4433)),
)
"""Those that speak TLS from the first byte."""

APPLICATIONS: Final = {
    name: one for one in (*IMPLICIT, *STARTTLS) for name in (one.name, *one.aliases)
}
"""All of them, by every name that a target may use."""


def application(name: str) -> Application:
    """The protocol of that name, in any case.

    Raises:
        ValueError: where there is none; the message says which names come near.
    """
    found = APPLICATIONS.get(name.lower())
    if found is not None:
        return found
    near = difflib.get_close_matches(name.lower(), [*APPLICATIONS, AUTO], _MOST_SUGGESTIONS)
    raise ValueError(
        f"did you mean {', '.join(near)}" if near else "docs/protocols.md lists those there are"
    )
